; What installer and uninstaller have in common. Functions of an uninstaller must be called `un.…`, so each stands here in a
; macro that is taken twice. It uses the names, variables and macros of `installer.nsi`.
;
; What functions take and give is on the stack. All registers are kept.

; Takes a folder, and asks the program that runs in it to finish and quit. Leaves in Failure that it still runs, and in Ran
; what there is to be started again.
!macro Shared un
Function ${un}LetGo
  Exch $0                    ; the folder
  Push $1                    ; quarters of a second that are left
  Push $2
  StrCpy $Failure ""
  IntOp $1 $Seconds * 4
  Push "$0\${PROGRAM}"
  Call ${un}IsInUse
  Pop $2
  ${If} $2 == yes
    DetailPrint "Asking ${APP} to finish and quit"
    nsExec::Exec '"$0\${TERMINAL}" quit'
    Pop $2
    StrCpy $Ran "$0\${PROGRAM}"
  ${EndIf}
  ${Do}
    Push "$0\${PROGRAM}"
    Call ${un}IsInUse
    Pop $2
    ${If} $2 == no
      Push "$0\${TERMINAL}"
      Call ${un}IsInUse
      Pop $2
      ${IfThen} $2 == no ${|} ${ExitDo} ${|}
    ${EndIf}
    ${If} $1 <= 0
      StrCpy $Failure "${APP} is still running: it records, or finishes a recording. Exit it, and try again."
      ${ExitDo}
    ${EndIf}
    Sleep 250
    IntOp $1 $1 - 1
  ${Loop}
  Pop $2
  Pop $1
  Pop $0
FunctionEnd

; A program that runs cannot be opened for writing. Takes a path, gives yes or no.
Function ${un}IsInUse
  Exch $0
  Push $1
  ${If} ${FileExists} "$0"
    ClearErrors
    FileOpen $1 "$0" a
    ${If} ${Errors}
      StrCpy $0 yes
    ${Else}
      FileClose $1
      StrCpy $0 no
    ${EndIf}
  ${Else}
    StrCpy $0 no
  ${EndIf}
  ClearErrors
  Pop $1
  Exch $0
FunctionEnd

; Takes a shortcut's path, gives the path of what it starts; empty where there is no such shortcut.
Function ${un}TargetOf
  Exch $0
  Push $1
  Push $2
  Push $3
  StrCpy $3 ""
  !insertmacro ComHlpr_CreateInProcInstance ${CLSID_ShellLink} ${IID_IShellLink} r1 ""
  ${If} $1 P<> 0
    ${IUnknown::QueryInterface} $1 '("${IID_IPersistFile}",.r2)'
    ${If} $2 P<> 0
      ${IPersistFile::Load} $2 '("$0",${STGM_READ}).r0'
      ${IUnknown::Release} $2 ""
      ${If} $0 = 0
        ; Not GetPath, which may lose letters that the code page lacks: see shortcut.py.
        ${IShellLink::GetIDList} $1 '(.r2).r0'
        ${If} $0 = 0
        ${AndIf} $2 P<> 0
          System::Call 'SHELL32::SHGetPathFromIDListW(pr2,w.r3)i.r0'
          System::Call 'OLE32::CoTaskMemFree(pr2)'
        ${EndIf}
      ${EndIf}
    ${EndIf}
    ${IUnknown::Release} $1 ""
  ${EndIf}
  StrCpy $0 $3
  Pop $3
  Pop $2
  Pop $1
  Exch $0
FunctionEnd

; Takes a folder, and removes what this version put there, and the folder where nothing else is in it.
Function ${un}RemoveFiles
  Exch $0
  !insertmacro RemoveFrom $0
  Delete "$0\${UNINSTALLER}"
  RMDir "$0"
  Pop $0
FunctionEnd

Function ${un}ReadWait
  Push $0
  Push $1
  StrCpy $Seconds ${WAIT_SECONDS}
  ${GetParameters} $0
  ClearErrors
  ${GetOptions} $0 "/WAIT=" $1
  ${IfNot} ${Errors}
    IntOp $Seconds $1 + 0
  ${EndIf}
  ClearErrors
  Pop $1
  Pop $0
FunctionEnd
!macroend
