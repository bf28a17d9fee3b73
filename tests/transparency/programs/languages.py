"""Interpreters, runtimes and the programs that their compilers make."""

from program import Program, Rule, Unread

GO = r"""package main
import ("fmt"; "io"; "net"; "net/http"; "os"; "os/exec"; "sync"; "time"; "syscall"; "os/signal")
func main() {
  if len(os.Args) > 1 { out, err := exec.Command(os.Getenv("PROBE"), "go").CombinedOutput(); fmt.Println(string(out), err); return }
  listener, err := net.Listen("tcp", "127.0.0.1:0"); if err != nil { panic(err) }
  go http.Serve(listener, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "hello") }))
  var group sync.WaitGroup; var lock sync.Mutex; sum := 0
  for i := 0; i < 50; i++ { group.Add(1); go func() { defer group.Done()
    answer, err := http.Get("http://" + listener.Addr().String()); if err != nil { fmt.Println(err); return }
    body, _ := io.ReadAll(answer.Body); answer.Body.Close(); lock.Lock(); sum += len(body); lock.Unlock() }() }
  group.Wait(); fmt.Println(sum)
  caught := make(chan os.Signal, 1); signal.Notify(caught, syscall.SIGUSR1); syscall.Kill(os.Getpid(), syscall.SIGUSR1); fmt.Println(<-caught)
  for i := 0; i < 20; i++ { if out, err := exec.Command("echo", fmt.Sprint(i)).Output(); err != nil || len(out) < 2 { fmt.Println(err) } }
  _, err = os.Open("/no/such/file"); fmt.Println(err); os.WriteFile("made", []byte("made\n"), 0640); time.Sleep(time.Millisecond)
  out, err := exec.Command(os.Args[0], "probe").CombinedOutput(); fmt.Print(string(out), err, "\n")
  defer func() { fmt.Println(recover()); os.Exit(5) }(); var none *int; fmt.Println(*none)
}
"""
RUST = r"""use std::{io::{Read, Write}, net, process::Command, sync::Arc, thread, fs};
fn main() {
    let listener = Arc::new(net::TcpListener::bind("127.0.0.1:0").unwrap()); let address = listener.local_addr().unwrap();
    let server = { let l = listener.clone(); thread::spawn(move || for _ in 0..20 { l.accept().unwrap().0.write_all(b"hello").unwrap(); }) };
    let clients: Vec<_> = (0..20).map(|_| thread::spawn(move || { let mut text = String::new(); net::TcpStream::connect(address).unwrap().read_to_string(&mut text).unwrap(); text.len() })).collect();
    println!("{}", clients.into_iter().map(|c| c.join().unwrap()).sum::<usize>()); server.join().unwrap();
    println!("{:?}", Command::new("sh").args(["-c", "cat; exit 4"]).stdin(fs::File::open(std::env::args().next().unwrap() + ".rs").unwrap()).output().map(|o| (o.status, o.stdout.len())));
    println!("{:?}", Command::new(std::env::var("PROBE").unwrap()).arg("rust").status());
    println!("{:?} {:?}", fs::File::open("/no/such/file").map(|_| ()), Command::new("/no/such/program").spawn().map(|_| ()));
    fs::write("made", "made\n").unwrap(); fs::copy("made", "copied").unwrap();
    let caught = std::panic::catch_unwind(|| { panic!("caught") }); println!("{}", caught.is_err()); std::process::exit(6)
}
"""
JAVA = r"""import java.io.*; import java.nio.file.*; import java.util.*; import java.util.concurrent.*; import java.net.*;
public class Main { public static void main(String[] words) throws Exception {
  var pool = Executors.newFixedThreadPool(8); var sum = new ArrayList<Future<Integer>>(); var server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
  pool.submit(() -> { for (int i = 0; i < 20; ++i) try (var socket = server.accept()) { socket.getOutputStream().write("hello".getBytes()); } return 0; });
  for (int i = 0; i < 20; ++i) sum.add(pool.submit(() -> { try (var socket = new Socket(server.getInetAddress(), server.getLocalPort())) { return socket.getInputStream().readAllBytes().length; } }));
  int total = 0; for (var one : sum) total += one.get(); System.out.println(total); pool.shutdown();
  for (int i = 0; i < 5; ++i) System.out.println(new ProcessBuilder("sh", "-c", "exit " + i).start().waitFor());
  System.out.println(new ProcessBuilder(System.getenv("PROBE"), "java").inheritIO().start().waitFor());
  Files.writeString(Path.of("made"), "made\n"); try (var list = Files.list(Path.of("."))) { list.sorted().forEach(System.out::println); }
  try { new FileInputStream("/no/such/file"); } catch (IOException e) { System.out.println(e.getMessage()); }
  try { String none = null; none.length(); } catch (NullPointerException e) { System.out.println("null"); } System.exit(9); } }
"""
NODE = r"""
const fs = require('fs'), http = require('http'), {execFileSync, spawnSync, fork} = require('child_process'), {Worker} = require('worker_threads');
if (process.argv[2] === 'child') { process.send('from the child'); process.disconnect(); return; }
const server = http.createServer((q, a) => a.end('hello')).listen(0, '127.0.0.1', async () => {
  let sum = 0; for (let i = 0; i < 30; ++i) sum += (await (await new Promise((y, n) => http.get({port: server.address().port, agent: false}, y).on('error', n))).toArray()).join('').length;
  console.log(sum); server.close();
  console.log(String(execFileSync('echo', ['run'])), spawnSync('sh', ['-c', 'cat; exit 3'], {input: 'piped'}).status, spawnSync('no-such-program').error.code);
  spawnSync(process.env.PROBE, ['node'], {stdio: 'inherit'});
  fork(__filename, ['child']).on('message', m => console.log(m)).on('exit', c => { console.log('exit', c); work(); });
});
const work = () => new Worker("require('fs').writeFileSync('worker', 'written'); require('worker_threads').parentPort.postMessage(fs = 1)", {eval: true}).on('message', m => console.log('worker', m))
    .on('exit', () => { fs.writeFileSync('made', 'made'); try { fs.openSync('/no/such/file'); } catch (e) { console.log(e.code); } process.exitCode = 4; });
process.on('SIGUSR2', () => console.log('signal')); process.kill(process.pid, 'SIGUSR2');
"""

PROGRAMS = (
    Program("Python", quick=True, needs=("/usr/bin/python3",), script=r"""
cat >main.py <<'END'
import asyncio, concurrent.futures, multiprocessing, os, signal, socket, sqlite3, subprocess, sys, tempfile, threading
def square(n): return n * n
async def talk():
    async def serve(reader, writer): writer.write(await reader.read(5)); writer.close()
    server = await asyncio.start_server(serve, '127.0.0.1', 0)
    async def ask():
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname()); writer.write(b'hello'); text = await reader.read(); writer.close(); return len(text)
    print(sum(await asyncio.gather(*[ask() for _ in range(20)]))); server.close()
    child = await asyncio.create_subprocess_exec('sh', '-c', 'cat; exit 3', stdin=-1, stdout=-1); print(await child.communicate(b'in'), child.returncode)
if __name__ == '__main__':
    asyncio.run(talk())
    for method in ('fork', 'spawn', 'forkserver'):
        with multiprocessing.get_context(method).Pool(2) as pool: print(pool.map(square, range(5)))
    with concurrent.futures.ThreadPoolExecutor(4) as pool: print(list(pool.map(lambda n: subprocess.run(['sh', '-c', f'exit {n}']).returncode, range(4))))
    subprocess.run([os.environ['PROBE'], 'python'], pass_fds=(2,)); print(tempfile.TemporaryFile().read(), socket.gethostbyname('localhost'))
    for call in (lambda: os.close(99), lambda: open('/no/such/file'), lambda: os.read(-1, 1)):
        try: call()
        except OSError as error: print(error)
    signal.signal(signal.SIGALRM, lambda *_: print('alarm')); signal.setitimer(signal.ITIMER_REAL, 0.1); signal.pause(); open('made', 'w').write('made'); os.kill(os.getpid(), 15)
END
/usr/bin/python3 main.py; echo $?; /usr/bin/python3 -X dev -c 'import os; f = open("/dev/null"); del f' 2>&1 | head -n 1
"""),
    Program("SQLite", quick=True, needs=("sqlite3",), packages=("sqlite3",), script=r"""
cat >work.sql <<'END'
pragma journal_mode = wal; create table t (n integer primary key, s text);
with recursive c(n) as (select 1 union all select n + 1 from c where n < 20000) insert into t select n, 'row ' || n from c;
begin; update t set s = s || '!' where n % 3 = 0; rollback; create index i on t (s); attach 'two.db' as two; create table two.t as select * from t limit 9;
select count(*), sum(n), max(s) from t; pragma integrity_check; .backup copy.db
.output dumped
.dump t
END
sqlite3 one.db <work.sql; for i in 1 2 3 4; do sqlite3 -cmd '.timeout 5000' one.db "insert into t (s) values ('from $i')" & done; wait; sqlite3 one.db 'select count(*) from t'
sqlite3 one.db '.shell $PROBE sqlite' '.exit 3'; echo $?; sqlite3 /no/such/dir/db 'select 1'; sqlite3 copy.db 'select count(*) from t'; rm one.db
"""),
    Program("Perl", quick=True, needs=("perl",), packages=("perl",), script=r"""
cat >main.pl <<'END'
use strict; use Socket; use IO::Select; use POSIX; $| = 1;
open(my $out, '>', 'made'); print $out "made\n"; close $out; print `echo ticks`; open(my $in, '-|', 'seq 5'); print while <$in>; close $in;
socketpair(my $a, my $b, AF_UNIX, SOCK_STREAM, 0); if (my $pid = fork) { close $b; print <$a>; waitpid $pid, 0; print $? >> 8, "\n" } else { close $a; print $b "child\n"; close $b; POSIX::_exit(3) }
system("$ENV{PROBE} perl"); system { 'sh' } 'sh', '-c', 'exit 4'; print $? >> 8, "\n"; open(my $none, '<', '/no/such/file') or print "$!\n"; print POSIX::close(99) // "$!", "\n";
opendir(my $d, '.'); print join(' ', sort readdir $d), "\n"; closedir $d; $SIG{ALRM} = sub { print "alarm\n" }; kill ALRM => $$; opendir($d, '/none') or print "$!\n";
open(my $copy, '>&', \*STDOUT); print $copy fileno($copy), "\n"; eval { die "caught\n" }; print $@; exec 'sh', '-c', 'echo exec; exit 6'
END
perl main.pl; echo $?
"""),
    Program("Ruby", needs=("ruby",), packages=("ruby",), script=r"""
cat >main.rb <<'END'
require 'socket'; require 'open3'; require 'tempfile'
server = TCPServer.new('127.0.0.1', 0); t = Thread.new { 10.times { s = server.accept; s.write 'hello'; s.close } }
puts (1..10).map { Thread.new { TCPSocket.open('127.0.0.1', server.addr[1]) { |s| s.read.size } } }.sum(&:value); t.join
puts `echo ticks`; p Open3.capture3('sh', '-c', 'cat; exit 3', stdin_data: 'in').map { |x| x.respond_to?(:exitstatus) ? x.exitstatus : x }; p fork { exit! 4 }.then { |pid| Process.wait2(pid)[1].exitstatus }
system(ENV['PROBE'], 'ruby'); begin; File.open('/no/such/file'); rescue => e; puts e.message.sub(/@ \w+ /, ''); end; begin; IO.for_fd(99).read; rescue => e; puts e.message; end
r, w = IO.pipe; pid = spawn('echo spawned', out: w); w.close; puts r.read; Process.wait pid; Tempfile.create { |f| f.puts 1 }; File.write('made', 'made'); at_exit { puts 'end' }; trap('USR1') { puts 'signal' }; Process.kill('USR1', $$); sleep 0.1; exit 5
END
ruby main.rb
"""),
    Program("Node", needs=("node",), packages=("nodejs",), script=f"cat >main.js <<'END'\n{NODE}\nEND\nnode main.js; echo $?\n"),
    Program("Java", needs=("javac", "jshell"), packages=("openjdk-17-jdk-headless",), limit_seconds=120,
            unread=(Unread(r"\.java/.*", "preferences with times"),),
            rules=(Rule("err", r"^.*FileSystemPreferences\$1 run$", "DATE", "a time"),), script=f"""cat >Main.java <<'END'
{JAVA}
END
javac Main.java && java Main; echo $?; java -Xint -XX:+UseSerialGC -cp . Main | md5sum
echo 'System.out.println(6 * 7)' | jshell -J-Djava.util.prefs.userRoot=$PWD -q -s - ; jar cf made.jar Main.class && unzip -p made.jar Main.class 2>/dev/null | cmp - Main.class; rm -f made.jar
"""),
    Program("a program by Go", needs=("go",), packages=("golang-go",), limit_seconds=120, prepare=f"cat >main.go <<'END'\n{GO}\nEND\n" + r"""
export GOCACHE=$PWD/cache GOFLAGS=-mod=mod; go build -o program main.go; CGO_ENABLED=0 go build -o static main.go; rm -r cache
""", script="$PREPARED/program; echo $?; $PREPARED/static; echo $?\n", rules=(Rule("out|err", r"0x[0-9a-f]+|\+0x\S+|goroutine \d+", "N", "addresses"),)),
    Program("a program by Rust", needs=("rustc",), packages=("rustc",), prepare=f"cat >program.rs <<'END'\n{RUST}\nEND\nrustc -O program.rs\n",
            script="$PREPARED/program; echo $?\n", rules=(Rule("err", r"\(\d+\)", "(N)", "a thread's number"),)),
)
