@echo off
rem Starts meltemi on Windows: finds a JDK, builds when there is no build, runs.
rem
rem   MELTEMI_JAVA_HOME   the JDK to use, before JAVA_HOME and the usual places
rem   MELTEMI_JAVA_OPTS   more options for the JVM
rem   MELTEMI_REBUILD     anything: build again (sources are not looked at here)
setlocal EnableDelayedExpansion
set "ROOT=%~dp0"
if "%ROOT:~-1%"=="\" set "ROOT=%ROOT:~0,-1%"
set "JAR=%ROOT%\cli\target\meltemi\lib\meltemi-cli.jar"

set "FOUND="
for %%H in ("%MELTEMI_JAVA_HOME%" "%JAVA_HOME%") do call :consider "%%~H"
for %%P in ("%ProgramFiles%\Eclipse Adoptium" "%ProgramFiles%\Java" "%ProgramFiles%\Microsoft" "%ProgramFiles%\Zulu" "%ProgramFiles%\Amazon Corretto" "%USERPROFILE%\.jdks" "%USERPROFILE%\scoop\apps") do (
  if exist "%%~P" for /d %%D in ("%%~P\*") do call :consider "%%~D"
)
if not defined FOUND (
  for /f "delims=" %%J in ('where java 2^>nul') do call :consider "%%~dpJ.."
)
if not defined FOUND (
  echo meltemi: no JDK 25 or newer was found. Install one, for example from https://adoptium.net, or set JAVA_HOME to it. 1>&2
  exit /b 1
)
if "%~1"=="--java-home" (
  echo %FOUND%
  exit /b 0
)

if defined MELTEMI_REBUILD goto build
if exist "%JAR%" goto run
:build
echo meltemi: building with %FOUND% (the first time takes a minute or two) ... 1>&2
set "JAVA_HOME=%FOUND%"
pushd "%ROOT%"
call mvn -q -B -Dquick -Dmaven.test.skip=true -pl cli,samples/apps -am package
set "RESULT=%ERRORLEVEL%"
popd
if not "%RESULT%"=="0" (
  echo meltemi: the build failed 1>&2
  exit /b 1
)

:run
"%FOUND%\bin\java.exe" -XX:+UseSerialGC -XX:+UseCompactObjectHeaders --enable-native-access=ALL-UNNAMED --sun-misc-unsafe-memory-access=allow "-Dmeltemi.root=%ROOT%" %MELTEMI_JAVA_OPTS% -jar "%JAR%" %*
exit /b %ERRORLEVEL%

rem Takes a Java home when nothing was found yet and its release file says 25 or newer.
:consider
if defined FOUND exit /b 0
if "%~1"=="" exit /b 0
if not exist "%~1\release" exit /b 0
for /f "tokens=2 delims==" %%V in ('findstr /b JAVA_VERSION= "%~1\release"') do (
  set "VERSION=%%~V"
  for /f "delims=.-+" %%M in ("!VERSION!") do if %%M GEQ 25 set "FOUND=%~f1"
)
exit /b 0
