"""Tools that are run by hand and by every build."""

from program import Program, Rule, Unread

GIT_ENVIRONMENT = """
export GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@b GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@b GIT_CONFIG_NOSYSTEM=1
export GIT_AUTHOR_DATE='2001-01-01T00:00:00Z' GIT_COMMITTER_DATE='2001-01-01T00:00:00Z'
git config --global init.defaultBranch main; git config --global gc.auto 0; git config --global pack.threads 1
"""

PROGRAMS = (
    Program("git", quick=True, needs=("git",), packages=("git",), script=GIT_ENVIRONMENT + r"""
git init one; cd one
for i in $(seq 20); do echo "line $i" >>file; echo "$i" >"file-$i"; git add .; git commit -qm "commit $i"; done
git log --oneline --stat | tail -n 5; git branch side HEAD~5; git checkout -q side; echo other >>file-3; git commit -qam side
git merge main -m merged; git rebase -q main; git stash list; git blame file | head -n 3; git grep line | tail -n 1
printf '#!/bin/sh\n$PROBE hook\n' >.git/hooks/pre-commit; chmod +x .git/hooks/pre-commit; echo x >x; git add x; git commit -m hooked
git config alias.probe '!$PROBE alias'; git probe; GIT_PAGER=cat git -p log -1 --format=%H
git gc -q; git fsck; git count-objects -v | grep -v size
cd ..; git clone -q --bare one two.git; git clone -q file://$PWD/two.git three; cd three; git log -1 --format=%H; echo y >y; git add y
git commit -qm y; git push -q origin HEAD:refs/heads/pushed; git fetch -q; git branch -a; git bundle create -q ../bundle --all; git archive HEAD | sha256sum
git checkout -q missing; git submodule status; git worktree add -q ../tree pushed; ls ../tree | wc -l
""", unread=(Unread(r".*/(index|ORIG_HEAD)", "an index holds times and inodes of files"),)),
    Program("git's own tests", needs=("make", "gcc", "dpkg-source"), packages=("dpkg-dev", "make", "gcc", "libz-dev"), limit_seconds=400,
            # The suite's directory names itself in what it prints, so both runs have it at one place.
            prepare=r"""
source=${GIT_SOURCE:-}
if [ -z "$source" ]; then
  apt-get source --download-only git >/dev/null 2>&1 || { echo "no source package: a deb-src line is missing, or GIT_SOURCE"; exit 1; }
  dpkg-source -x git_*.dsc source >/dev/null; source=source
  make -C source -j"$(nproc)" NO_GETTEXT=1 NO_CURL=1 NO_EXPAT=1 NO_TCLTK=1 NO_OPENSSL=1 NO_PERL=1 NO_PYTHON=1 CFLAGS=-O1 all >/dev/null 2>&1
fi
ln -s "$(realpath "$source")" git
""", script=r"""
cd "$PREPARED/git/t"
for name in t0002-gitfile t0005-signals t0012-help t0030-stripspace t0061-run-command t0090-cache-tree t1307-config-blob \
            t1401-symbolic-ref t2006-checkout-index-basic t3300-funny-names t4000-diff-format t7008-filter-branch-null-sha1; do
  sh ./$name.sh --root="$HOME/trash" 2>&1 | sed "s/^/$name: /"
done
rm -rf "$HOME/trash"
"""),
    Program("tar", quick=True, script=r"""
cp -a /usr/include/linux/netfilter tree 2>/dev/null || cp -a /etc/alternatives tree; ln -s nowhere tree/broken; ln tree/broken tree/again
tar cf a.tar --sort=name tree; tar czf a.tgz --mtime=@0 --sort=name tree; tar cf - tree | tar xf - --one-top-level=out
tar tvf a.tar | awk '{print $1, $3, $NF}' | tail; tar xzf a.tgz --one-top-level=gz; diff -r tree out/tree | head
tar --to-command='$PROBE member; cat >/dev/null' -xf a.tar tree/broken tree/x_tables.h; tar rf a.tar a.tgz; tar df a.tar; echo $?
tar cf inc.tar -g state --exclude='*.h' tree; tar xf missing.tar; rm a.tgz
""", rules=(Rule("seen/member.environment", r"^(TAR_[ACM]TIME)=.*", r"\1", "times of files"),), unread=(Unread(r".*\.tar|state", "archives hold times and inodes of directories"),)),
    Program("rsync", quick=True, needs=("rsync",), packages=("rsync",), script=r"""
cp -a /etc/alternatives tree; rsync -a tree/ copy; echo more >>copy/new; ln copy/new copy/hard
rsync -aH --delete --itemize-changes copy/ tree | sort; rsync -az --partial copy user@host:far -e "$PROBE shell; sh -c 'shift; exec "\$@"' x" | wc -c
cat >remote <<'END'
#!/bin/sh
# A remote shell that stays here.
$PROBE remote
shift
exec sh -c "$*"
END
chmod +x remote; rsync -a -e ./remote tree/ host:far; rsync -a --checksum --whole-file -e ./remote host:far/ near; diff -r near copy && echo same
rsync missing/ nowhere; echo $?
"""),
    Program("ssh on loopback", needs=("sshd", "ssh-keygen"), packages=("openssh-server", "openssh-client"), limit_seconds=150, prepare=r"""
ssh-keygen -q -t ed25519 -N '' -f host; ssh-keygen -q -t ed25519 -N '' -f user; mkdir -p /run/sshd
""", script=r"""
. "$HELPERS"; port=$(port 42200); cp "$PREPARED/user" key; chmod 600 key; cp "$PREPARED/user.pub" authorized
cat >config <<END
Port $port
ListenAddress 127.0.0.1
HostKey $PREPARED/host
AuthorizedKeysFile $PWD/authorized
StrictModes no
UsePAM no
PidFile none
PermitUserEnvironment no
Subsystem sftp internal-sftp
END
$(command -v sshd) -D -e -f config 2>log & server=$!
soon listens "$port"
options="-i key -o StrictHostKeyChecking=no -o UserKnownHostsFile=known -o BatchMode=yes -o IdentitiesOnly=yes"
ssh="ssh -q -F none $options -p $port 127.0.0.1"
$ssh 'echo hello; exit 7'; echo "status $?"
seq 20000 | $ssh 'sort -rn | md5sum'
$ssh "SEEN=$SEEN $PROBE remote"
$ssh -tt 'tty | cut -c1-9; stty -a | head -n 1' </dev/null
$ssh 'kill -9 $$'; echo "status $?"
seq 5000 >file; scp -q -F none $options -P "$port" file 127.0.0.1:"$PWD/copied" && cmp file copied && echo copied
echo "put file $PWD/put" | sftp -q -F none $options -P "$port" 127.0.0.1 | wc -l
$ssh -o ControlMaster=yes -o ControlPath="$PWD/control" -o ControlPersist=5 true; ssh -F none -o ControlPath="$PWD/control" 127.0.0.1 'echo multiplexed'
ssh -F none -o ControlPath="$PWD/control" -O exit 127.0.0.1
$ssh -o ExitOnForwardFailure=yes -L "$((port + 50)):127.0.0.1:$port" 'sleep 0.2; echo forwarded'
kill "$server"; wait "$server"; echo "server $?"; sort -o log log; grep -c Accepted log
rm -f control known
""", rules=(Rule("files/log", r"(port|pid|child|\[)\s*\d+", r"\1 N", "ports and pids"), Rule("files/(config|log)", r"\b422\d\d\b", "PORT", "the port"),
           Rule("seen/remote.environment", r"^(SSH_CONNECTION|SSH_CLIENT)=.*", r"\1", "ports"),
           Rule("err", r"^Exit request.*\n|^Shared connection.*\n", "", "told or not by who ends first")),),
)
