import os,sys,signal,time
# ancestors named fdtrace
def par(p): return int(open(f'/proc/{p}/stat').read().rsplit(')',1)[1].split()[1])
sig=int(sys.argv[1])
for p in os.listdir('/proc'):
    if p.isdigit() and int(p)!=os.getpid():
        try: c=open(f'/proc/{p}/cmdline').read()
        except: continue
        if 'STOPMARK' in c and c.split('\0')[0].endswith('fdtrace'): os.kill(int(p),sig)
t=time.time()
os.environ['T0']=str(t)
os.execv('/bin/sh',['sh','-c','exec /usr/bin/python3 -c "import os,time;print(\'elapsed\',round(time.time()-float(os.environ[\'T0\']),1),flush=True); os._exit(7)"'] if len(sys.argv)<3 else sys.argv[2:])
