"""Browsers: zygotes, sandboxes and seccomp filters."""

from program import Program, Unread

PAGE = r"""
mkdir profile; chmod 777 . profile
cat >page.html <<'END'
<!doctype html><title>page</title><p id=p>before</p><canvas id=c width=9 height=9></canvas>
<script>
const worker = new Worker(URL.createObjectURL(new Blob(['postMessage(6 * 7)'])));
worker.onmessage = e => { document.getElementById('p').textContent = 'worker ' + e.data + ' ' + document.getElementById('c').toDataURL().length; };
</script>
END
"""
FLAGS = "--headless --disable-gpu --no-first-run --disable-background-networking --disable-component-update --user-data-dir=$PWD/profile --virtual-time-budget=3000"

PROGRAMS = (
    Program("Chromium, with its sandbox", needs=("chromium", "setpriv"), packages=("chromium",), limit_seconds=90, script=PAGE + rf"""
export HOME=$PWD XDG_RUNTIME_DIR=$PWD DBUS_SESSION_BUS_ADDRESS=none
user="setpriv --reuid=nobody --regid=nogroup --clear-groups"
timeout 60 $user chromium {FLAGS} --dump-dom "file://$PWD/page.html" 2>err | tail -n 8; echo "${{PIPESTATUS[0]}}"
grep -ciE 'seccomp|SIGSYS|crash|FATAL' err; rm -rf profile .config .cache .pki err
""", unread=(Unread(".*", "nothing is left but the page"),),
            note="Its zygote crashed: a child with empty thread variables. Mended."),
    Program("Chromium, without", needs=("chromium",), packages=("chromium",), limit_seconds=90, script=PAGE + rf"""
export XDG_RUNTIME_DIR=$PWD DBUS_SESSION_BUS_ADDRESS=none
timeout 60 chromium --no-sandbox {FLAGS} --dump-dom "file://$PWD/page.html" 2>err | tail -n 8; echo "${{PIPESTATUS[0]}}"
timeout 60 chromium --no-sandbox {FLAGS} --print-to-pdf=page.pdf --no-pdf-header-footer "file://$PWD/page.html" 2>>err; echo $?; head -c 5 page.pdf; rm page.pdf
grep -ciE 'seccomp|SIGSYS|crash|FATAL' err; rm -rf profile .config .cache .pki err
"""),
)
