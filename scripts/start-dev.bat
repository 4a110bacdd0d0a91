@echo off
rem Start Aggios on Windows. Its servers have no Windows binaries, so the development stack runs in
rem a Linux container: scripts\start-dev.compose.yml. AGGIOS_PORT is the port of the site (8080).
setlocal
cd /d "%~dp0.."

where docker >nul 2>nul
if errorlevel 1 (
    echo Aggios needs Docker Desktop on Windows: https://docs.docker.com/desktop/
    exit /b 1
)
docker info >nul 2>nul
if errorlevel 1 (
    echo Docker is installed but does not run: start Docker Desktop and try again.
    exit /b 1
)
docker compose --file scripts\start-dev.compose.yml up --abort-on-container-exit
exit /b %errorlevel%
