; The installer for one user, without administrator's rights. `release.py` compiles it, and hands over:
;   FOLDER   the folder with the programs            VERSION   the program's version, such as 0.1.0
;   OUT      the installer to write                  NUMBERS   the same as four numbers, such as 0.1.0.0
;   FILES    macros that name what is in FOLDER      KILOBYTES what FOLDER takes on the disk
;   ICON     the picture of installer and uninstaller
; and, where it applies, TARGET (a kind of stub), COMPRESSOR, and SIGN (a command that signs the file named behind it).
;
; Switches of the installer:    /S silent   /D=FOLDER, the last one   /AUTOSTART   /WAIT=SECONDS
; Switches of the uninstaller:  /S silent   /REMOVESETTINGS           /WAIT=SECONDS
; Exit status: 0 done, 1 the user cancelled, 2 it could not be done and nothing has changed.
;
; An update is written whole beside the old version first. Then the program is asked to finish and quit, and the two
; change places by renaming. Whatever fails before the last rename leaves, or brings back, the old version.

!ifdef TARGET
  Target ${TARGET}
!else
  Unicode true
!endif
!ifndef COMPRESSOR
  !define COMPRESSOR "/SOLID lzma"
!endif
SetCompressor /FINAL ${COMPRESSOR}

!include FileFunc.nsh
!include LogicLib.nsh
!include MUI2.nsh
!include Sections.nsh
!include WinVer.nsh
!include x64.nsh
!include Win\COM.nsh
!include "${FILES}"

!define APP "Tray Recorder"
!define PUBLISHER "The Tray Recorder authors"
!define PROGRAM "tray-recorder.exe"
!define TERMINAL "tray-recorder-cli.exe"
!define UNINSTALLER "uninstall.exe"
!define KEY "Software\Microsoft\Windows\CurrentVersion\Uninstall\TrayRecorder"
; The program's own names for these two: see shortcut.py and autostart.py.
!define STARTUP_LINK "$SMSTARTUP\${APP}.lnk"
!define STARTUP_SWITCHES "Software\Microsoft\Windows\CurrentVersion\Explorer\StartupApproved\StartupFolder"
!define MENU_LINK "$SMPROGRAMS\${APP}.lnk"
!define ABOUT "Records what the computer plays."
; Where the program keeps settings and log: see settings.py, logs.py and welcome.py.
!define USER_FOLDER "$LOCALAPPDATA\${APP}"
; How long the program may take to finish a recording.
!define WAIT_SECONDS 120

Name "${APP}"
OutFile "${OUT}"
BrandingText "${APP} ${VERSION}"
RequestExecutionLevel user
ManifestDPIAware true
ManifestSupportedOS Win10
InstallDir "$LOCALAPPDATA\Programs\${APP}"
InstallDirRegKey HKCU "${KEY}" "InstallLocation"
ShowInstDetails nevershow
ShowUninstDetails nevershow
!ifdef SIGN
  !uninstfinalize `${SIGN} "%1"` = 0
!endif

VIProductVersion "${NUMBERS}"
VIAddVersionKey "ProductName" "${APP}"
VIAddVersionKey "ProductVersion" "${VERSION}"
VIAddVersionKey "FileVersion" "${VERSION}"
VIAddVersionKey "FileDescription" "${APP} Setup"
VIAddVersionKey "CompanyName" "${PUBLISHER}"
VIAddVersionKey "LegalCopyright" "${PUBLISHER}. MIT License."

!define MUI_ICON "${ICON}"
!define MUI_UNICON "${ICON}"
!define MUI_WELCOMEFINISHPAGE_BITMAP "${NSISDIR}\Contrib\Graphics\Wizard\nsis3-grey.bmp"
!define MUI_COMPONENTSPAGE_NODESC
!define MUI_FINISHPAGE_RUN "$INSTDIR\${PROGRAM}"
!define MUI_FINISHPAGE_RUN_TEXT "Start ${APP}"
!define MUI_COMPONENTSPAGE_TEXT_TOP "It is installed for you alone, so no administrator is needed."
!define MUI_COMPONENTSPAGE_TEXT_COMPLIST "What is wanted:"
!insertmacro MUI_PAGE_COMPONENTS
!insertmacro MUI_PAGE_DIRECTORY
!insertmacro MUI_PAGE_INSTFILES
!insertmacro MUI_PAGE_FINISH
!define MUI_COMPONENTSPAGE_TEXT_TOP "Your recordings stay where they are. So do your settings, unless you choose otherwise."
!define MUI_COMPONENTSPAGE_TEXT_COMPLIST "What is to go:"
!insertmacro MUI_UNPAGE_COMPONENTS
!insertmacro MUI_UNPAGE_INSTFILES
!insertmacro MUI_LANGUAGE "English"

Var Seconds    ; how long the program is waited for
Var Old        ; the folder in which it is installed already; empty where it is not
Var New        ; the folder in which the new version is written
Var Aside      ; the folder in which the old version waits for its end
Var Ran        ; the program in the tray that was asked to quit; empty where none ran
Var Failure    ; why something cannot be done; empty where it can

!include shared.nsh
!insertmacro Shared ""
!insertmacro Shared "un."

; Says why it cannot be done, or logs it where nobody looks, and ends with 2.
!macro GiveUp
  IfSilent +2
    MessageBox MB_OK|MB_ICONEXCLAMATION "$Failure"
  SetErrorLevel 2
  Abort "$Failure"
!macroend

; ---- The installer

Section "!${APP}" PROGRAMS
  SectionIn RO
  SetShellVarContext current
  Call RefuseStrangers
  Call WriteNew
  ${If} $Old != ""
    Push $Old
    Call LetGo
  ${EndIf}
  ${If} $Failure == ""
    Call ChangePlaces
  ${EndIf}
  ${If} $Failure != ""
    Push $New
    Call RemoveFiles
    RMDir "$INSTDIR"
    Push $Ran
    Call IsInUse
    Pop $0
    ${If} $Ran != ""
    ${AndIf} $0 == no
      Exec '"$Ran"'
    ${EndIf}
    !insertmacro GiveUp
  ${EndIf}
  Call RemoveOld
  CreateShortcut "${MENU_LINK}" "$INSTDIR\${PROGRAM}" "" "$INSTDIR\${PROGRAM}" 0 "" "" "${ABOUT}"
  WriteRegStr HKCU "${KEY}" "DisplayName" "${APP}"
  WriteRegStr HKCU "${KEY}" "DisplayVersion" "${VERSION}"
  WriteRegStr HKCU "${KEY}" "DisplayIcon" "$INSTDIR\${PROGRAM}"
  WriteRegStr HKCU "${KEY}" "Publisher" "${PUBLISHER}"
  WriteRegStr HKCU "${KEY}" "InstallLocation" "$INSTDIR"
  WriteRegStr HKCU "${KEY}" "UninstallString" '"$INSTDIR\${UNINSTALLER}"'
  WriteRegStr HKCU "${KEY}" "QuietUninstallString" '"$INSTDIR\${UNINSTALLER}" /S'
  WriteRegDWORD HKCU "${KEY}" "EstimatedSize" ${KILOBYTES}
  WriteRegDWORD HKCU "${KEY}" "NoModify" 1
  WriteRegDWORD HKCU "${KEY}" "NoRepair" 1
SectionEnd

Section /o "Start with Windows" AUTOSTART
SectionEnd

; The program itself knows how it is started: it is told to switch that on or off, where that is another choice.
Section -
  Push "${STARTUP_LINK}"
  Call TargetOf
  Pop $0
  ${If} ${SectionIsSelected} ${AUTOSTART}
    ${If} $0 != "$INSTDIR\${PROGRAM}"
      nsExec::Exec '"$INSTDIR\${TERMINAL}" autostart on'
      Pop $0
      ${If} $0 != 0
        MessageBox MB_OK|MB_ICONEXCLAMATION "${APP} is installed, but cannot be made to start with Windows. The log says why." \
          /SD IDOK
      ${EndIf}
    ${EndIf}
  ${ElseIf} $0 == "$INSTDIR\${PROGRAM}"
    nsExec::Exec '"$INSTDIR\${TERMINAL}" autostart off'
    Pop $0
  ${EndIf}
  ; What was running goes on. A user who looks on is asked on the last page.
  ${If} ${Silent}
  ${AndIf} $Ran != ""
    Exec '"$INSTDIR\${PROGRAM}"'
  ${EndIf}
SectionEnd

Function .onInit
  ${IfNot} ${RunningX64}
  ${OrIfNot} ${AtLeastWin10}
    StrCpy $Failure "${APP} needs Windows 10 or 11, 64 bits."
    !insertmacro GiveUp
  ${EndIf}
  System::Call 'KERNEL32::CreateMutexW(p0,i1,w"Local\TrayRecorderSetup")p.r1?e'
  Pop $0
  ${If} $0 = 183             ; ERROR_ALREADY_EXISTS
    StrCpy $Failure "${APP} is being installed already."
    !insertmacro GiveUp
  ${EndIf}
  Call ReadWait
  ReadRegStr $Old HKCU "${KEY}" "InstallLocation"
  ${IfNot} ${FileExists} "$Old\${UNINSTALLER}"
    StrCpy $Old ""
  ${EndIf}
  Push "${STARTUP_LINK}"
  Call TargetOf
  Pop $0
  ${If} $Old != ""
  ${AndIf} $0 == "$Old\${PROGRAM}"
    !insertmacro SelectSection ${AUTOSTART}
  ${EndIf}
  ${GetParameters} $0
  ClearErrors
  ${GetOptions} $0 "/AUTOSTART" $1
  ${IfNot} ${Errors}
    !insertmacro SelectSection ${AUTOSTART}
  ${EndIf}
  ClearErrors
FunctionEnd

; A folder that holds files of these names which no installer put there is somebody's own.
!macro RefuseStranger NAME
  ${If} ${FileExists} "$INSTDIR\${NAME}"
    StrCpy $Failure "$INSTDIR holds ${NAME} already, and Tray Recorder was not installed there. Choose another folder."
  ${EndIf}
!macroend
Function RefuseStrangers
  ${If} ${FileExists} "$INSTDIR\${UNINSTALLER}"
  ${AndIf} ${FileExists} "$INSTDIR\${TERMINAL}"
    StrCpy $Old "$INSTDIR"
    Return
  ${EndIf}
  !insertmacro EachName RefuseStranger
  ${If} $Failure != ""
    !insertmacro GiveUp
  ${EndIf}
FunctionEnd

; Makes an empty folder in $INSTDIR. VARIABLE is empty where that cannot be.
!macro FolderWithin VARIABLE
  GetTempFileName ${VARIABLE} "$INSTDIR"
  ${If} ${VARIABLE} != ""
    Delete "${VARIABLE}"
    ClearErrors
    CreateDirectory "${VARIABLE}"
    ${IfThen} ${Errors} ${|} StrCpy ${VARIABLE} "" ${|}
  ${EndIf}
!macroend

Function WriteNew
  CreateDirectory "$INSTDIR"
  !insertmacro FolderWithin $New
  ${If} $New != ""
    SetOutPath "$New"
    ClearErrors
    File /r "${FOLDER}\*"
    WriteUninstaller "$New\${UNINSTALLER}"
    ; Asking for the error takes it away.
    ${IfThen} ${Errors} ${|} StrCpy $Failure yes ${|}
    ; A folder that is some program's current one can neither be renamed nor removed.
    SetOutPath "$INSTDIR"
    ${If} $Failure != ""
      Push $New
      Call RemoveFiles
    ${EndIf}
  ${Else}
    StrCpy $Failure yes
  ${EndIf}
  ${If} $Failure != ""
    SetOutPath "$TEMP"
    RMDir "$INSTDIR"
    StrCpy $Failure "$INSTDIR cannot be written. Nothing was changed. Make room there, or choose another folder."
    !insertmacro GiveUp
  ${EndIf}
FunctionEnd

!macro SetAside NAME
  ${If} ${FileExists} "$INSTDIR\${NAME}"
    Rename "$INSTDIR\${NAME}" "$Aside\${NAME}"
  ${EndIf}
!macroend
!macro PutInPlace NAME
  ${If} ${FileExists} "$New\${NAME}"
    Rename "$New\${NAME}" "$INSTDIR\${NAME}"
  ${EndIf}
!macroend
!macro TakeBack NAME
  ${IfNot} ${FileExists} "$New\${NAME}"
    Rename "$INSTDIR\${NAME}" "$New\${NAME}"
  ${EndIf}
!macroend
!macro PutBack NAME
  ${If} ${FileExists} "$Aside\${NAME}"
    Rename "$Aside\${NAME}" "$INSTDIR\${NAME}"
  ${EndIf}
!macroend

; A virus scanner may hold a file for a moment, so each step is tried for five seconds. Leaves 0 in $0 where that failed.
!macro Patiently STEP
  StrCpy $0 21
  ${Do}
    ClearErrors
    !insertmacro EachName ${STEP}
    ${IfNotThen} ${Errors} ${|} ${ExitDo} ${|}
    IntOp $0 $0 - 1
    ${IfThen} $0 = 0 ${|} ${ExitDo} ${|}
    Sleep 250
  ${Loop}
!macroend

; Puts the new version in the old one's place. What else lies in the folder (.env, ffmpeg.exe) is not touched.
Function ChangePlaces
  !insertmacro FolderWithin $Aside
  ${If} $Aside == ""
    StrCpy $Failure "$INSTDIR cannot be written. Nothing was changed. Try again."
    Return
  ${EndIf}
  !insertmacro Patiently SetAside
  ${If} $0 = 0
    !insertmacro Patiently PutBack
    RMDir "$Aside"
    StrCpy $Failure "A program has files in $INSTDIR open. Nothing was changed. Close it, and try again."
    Return
  ${EndIf}
  !insertmacro Patiently PutInPlace
  ${If} $0 = 0
    !insertmacro Patiently TakeBack
    !insertmacro Patiently PutBack
    RMDir "$Aside"
    StrCpy $Failure "$INSTDIR cannot be written. Nothing was changed. Try again."
    Return
  ${EndIf}
  RMDir "$New"
FunctionEnd

; The old version's own uninstaller knows its files. What it does not know, somebody put there, and it stays.
Function RemoveOld
  ${If} ${FileExists} "$Aside\${UNINSTALLER}"
    ExecWait '"$Aside\${UNINSTALLER}" /S /FILES _?=$Aside'
  ${EndIf}
  Push $Aside
  Call RemoveFiles
  ${If} $Old != ""
  ${AndIf} $Old != $INSTDIR
    ExecWait '"$Old\${UNINSTALLER}" /S /FILES _?=$Old'
    Delete "$Old\${UNINSTALLER}"
    RMDir "$Old"
  ${EndIf}
FunctionEnd

; ---- The uninstaller

Section "un.${APP}" UNPROGRAMS
  SectionIn RO
  SetShellVarContext current
  Push $INSTDIR
  Call un.LetGo
  ${If} $Failure != ""
    !insertmacro GiveUp
  ${EndIf}
  Push "${STARTUP_LINK}"
  Call un.TargetOf
  Pop $0
  ${If} $0 == "$INSTDIR\${PROGRAM}"
    Delete "${STARTUP_LINK}"
    DeleteRegValue HKCU "${STARTUP_SWITCHES}" "${APP}.lnk"
  ${EndIf}
  Push "${MENU_LINK}"
  Call un.TargetOf
  Pop $0
  ${If} $0 == "$INSTDIR\${PROGRAM}"
    Delete "${MENU_LINK}"
  ${EndIf}
  ReadRegStr $0 HKCU "${KEY}" "InstallLocation"
  ${If} $0 == $INSTDIR
    DeleteRegKey HKCU "${KEY}"
  ${EndIf}
  Push $INSTDIR
  Call un.RemoveFiles
SectionEnd

Section /o "un.My settings and the log" UNSETTINGS
  SetShellVarContext current
  Delete "${USER_FOLDER}\.env"
  Delete "${USER_FOLDER}\welcomed"
  Delete "${USER_FOLDER}\Logs\tray-recorder.log*"
  RMDir "${USER_FOLDER}\Logs"
  RMDir "${USER_FOLDER}"
  Delete "$INSTDIR\.env"
  RMDir "$INSTDIR"
SectionEnd

Function un.onInit
  ${GetParameters} $0
  ClearErrors
  ; An installer's words to an older version's uninstaller, for good: remove your files, and nothing else.
  ${GetOptions} $0 "/FILES" $1
  ${IfNot} ${Errors}
    Push $INSTDIR
    Call un.RemoveFiles
    Quit
  ${EndIf}
  Call un.ReadWait
  ClearErrors
  ${GetOptions} $0 "/REMOVESETTINGS" $1
  ${IfNot} ${Errors}
    !insertmacro SelectSection ${UNSETTINGS}
  ${EndIf}
  ClearErrors
FunctionEnd
