"""Tools that are run by hand and by every build."""

from program import Program, Unread

GIT_ENVIRONMENT = """
export GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@b GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@b GIT_CONFIG_NOSYSTEM=1
export GIT_AUTHOR_DATE='2001-01-01T00:00:00Z' GIT_COMMITTER_DATE='2001-01-01T00:00:00Z'
git config --global init.defaultBranch main; git config --global gc.auto 0
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
)
