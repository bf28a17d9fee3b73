import os,sys,signal,time
t=time.time()
pid=os.fork()
if pid==0:
    os.execv('/bin/true',['true'])
for p in os.listdir('/proc'): pass
