#!/bin/sh
# Gets what the browser tests need, where it can be had: Debian's Chromium and axe-core from npm. Never fails: tests that lack them say so.
if ! command -v chromium >/dev/null 2>&1 && ! command -v google-chrome >/dev/null 2>&1; then
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
        (apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium fonts-dejavu-core) >/dev/null 2>&1 \
            || echo "Chromium could not be installed: browser tests will be skipped"
    else
        echo "no Chromium here and no right to install it (Debian: apt-get install chromium): browser tests will be skipped"
    fi
fi
if command -v npm >/dev/null 2>&1; then
    npm ci --ignore-scripts --silent || echo "axe-core could not be installed by npm: accessibility tests will be skipped"
else
    echo "no npm here: accessibility tests will be skipped"
fi
exit 0
