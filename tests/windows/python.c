/* What python.org's python.exe and pythonw.exe are: a launcher of python311.dll. */
#include <windows.h>

typedef int (*main_function)(int, wchar_t **);

static int start(int count, wchar_t **arguments)
{
    HMODULE library = LoadLibraryW(L"python311.dll");
    main_function run = library ? (main_function)(void *)GetProcAddress(library, "Py_Main") : NULL;
    return run ? run(count, arguments) : 103;
}

#ifdef WINDOWED
int WINAPI wWinMain(HINSTANCE own, HINSTANCE before, LPWSTR line, int show) { return start(__argc, __wargv); }
#else
int wmain(int count, wchar_t **arguments) { return start(count, arguments); }
#endif
