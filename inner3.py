import os,signal,time
ppids=[int(p) for p in os.listdir('/proc') if p.isdigit()]
cs=[]
for p in ppids:
    try: c=open(f'/proc/{p}/cmdline').read()
    except: continue
    if 'TERMMARK' in c and c.split('\0')[0].endswith('fdtrace'): cs.append(p)
r,w=os.pipe()
pid=os.fork()
if pid==0:
    os.read(r,1)
    os.execv('/bin/true',['true'])
time.sleep(.3)
for p in cs: os.kill(p,signal.SIGSTOP)
os.write(w,b'x'); time.sleep(.5)
t=time.time(); os.kill(pid,signal.SIGTERM); s=os.waitpid(pid,0)[1]; e=time.time()-t
for p in cs: os.kill(p,signal.SIGCONT)
print('status',s,'seconds after SIGTERM',round(e,2),flush=True)
