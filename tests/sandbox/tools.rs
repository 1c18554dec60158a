//! Ordinary programs go on to work with the calls and files that a machine has.

use super::guest::{Guest, Needs, Test, inside};

pub(crate) fn tests() -> Vec<Test> {
    let with = |program: &'static str, test: Test| test.needs(Needs::Program(program));
    vec![
        inside(
            "a shell works with pipes, jobs, traps and here-documents",
            shell,
        ),
        inside("files are copied, moved, linked, packed and found", files),
        inside("processes, memory and time are shown", overview),
        with(
            "/usr/bin/python3",
            inside("Python starts threads, processes and servers", python),
        ),
        with(
            "/usr/bin/python3",
            inside("a database is written and read", database),
        ),
        with("/usr/bin/perl", inside("Perl forks and waits", perl)),
        with(
            "/usr/bin/git",
            inside("Git clones, commits and merges", git),
        ),
        with(
            "/usr/bin/gcc",
            inside("a C program is built by make and runs", c_program),
        ),
        with("/usr/bin/node", inside("Node reads and serves", node)),
        with(
            "/usr/bin/curl",
            inside("a page is fetched from the machine's own server", fetch),
        ),
    ]
}

async fn shell(m: &Guest) {
    let script = r#"
set -euo pipefail
trap 'echo trapped' USR1
kill -USR1 $$
sleep 0 & wait $!
cat <<< "$(seq 3 | tac | paste -sd,)"
coproc cat; echo through >&"${COPROC[1]}"; read -r line <&"${COPROC[0]}"; echo "$line"
diff <(printf a) <(printf a) && echo same
( ulimit -n 64; ulimit -n )
timeout 5 true; echo $?
exec 3<> /dev/null; flock 3 true; nice -n 5 true; mktemp -u /tmp/x.XXX | wc -c
"#;
    m.prints(script, "trapped\n3,2,1\nthrough\nsame\n64\n0\n11")
        .await;
}

async fn files(m: &Guest) {
    let script = r"
set -e
cd /tmp && mkdir -p a/b c && echo text > a/b/one
ln a/b/one a/b/two; ln -s one a/b/three; mkfifo a/pipe
mv a/b c/ && mv c/b a/ && cp -a a d && rm -r c
chmod 640 a/b/one; touch -d 2001-01-01 a/b/one; truncate -s 5 a/b/one; sync
tar czf d.tar.gz d && tar tzf d.tar.gz | wc -l
find d -type l -printf '%l\n'; du -s d > /dev/null; df /tmp > /dev/null
stat -c %h d/b/two; dd if=/dev/zero of=e bs=1k count=4 status=none; fallocate -l 8k e; stat -c %s e
sed -i s/text/other/ d/b/two; sort d/b/two; xargs -n1 echo < d/b/two; tail -c 6 d/b/one
mv /tmp/d.tar.gz ~/ && ls ~/d.tar.gz; rm -r /tmp/d
";
    let said = "6\none\n2\n8192\nother\nother\ntext\n/home/user/d.tar.gz";
    m.prints(script, said).await;
}

async fn overview(m: &Guest) {
    for command in [
        "ps aux | grep -q bash",
        "free | grep -q Mem",
        "uptime | grep -q load",
        "top -b -n 1 | grep -q Tasks",
        "nproc && id && w && date && uname -a",
        "pgrep bash && sleep 60 & sleep 0.1; pkill sleep",
        "cat /proc/cpuinfo /proc/meminfo /proc/stat /proc/loadavg /proc/version > /dev/null",
        "cat /proc/self/status /proc/self/maps /proc/mounts /proc/sys/kernel/hostname > /dev/null",
        "vmstat && mount && findmnt > /dev/null",
        "echo 500 > /proc/self/oom_score_adj && echo other > /proc/self/comm",
        "nohup true; setsid true; env -i true; stdbuf -o0 true; taskset 1 true; chrt -b 0 true",
    ] {
        m.output(command).await;
    }
}

async fn python(m: &Guest) {
    let script = r"
import asyncio, mmap, os, signal, socket, subprocess, tempfile, threading, multiprocessing as mp
def work(n): return n * n
if __name__ == '__main__':
    threads = [threading.Thread(target=work, args=(n,)) for n in range(8)]
    [t.start() for t in threads]; [t.join() for t in threads]
    print(subprocess.run(['cat'], input=b'piped', capture_output=True).stdout.decode())
    parent, child = mp.Pipe()
    process = mp.get_context('fork').Process(target=lambda: child.send(work(5)))
    process.start(); print(parent.recv()); process.join()
    with socket.create_server(('127.0.0.1', 0)) as server, \
         socket.create_connection(server.getsockname()) as client:
        accepted, _ = server.accept(); client.sendall(b'tcp'); print(accepted.recv(9).decode())
    async def later(): await asyncio.sleep(0); return 'later'
    print(asyncio.run(later()))
    with tempfile.TemporaryFile() as file:
        file.truncate(4096); mmap.mmap(file.fileno(), 4096).write(b'mapped')
        print(os.pread(file.fileno(), 6, 0).decode())
    signal.signal(signal.SIGALRM, lambda *_: print('alarm')); signal.setitimer(signal.ITIMER_REAL, .01)
    signal.pause(); os.memfd_create('x'); print(len(os.urandom(8)), os.sched_getaffinity(0) != set())
";
    let command = format!("cat > /tmp/work.py <<'END'\n{script}END\npython3 /tmp/work.py");
    let said = "piped\n25\ntcp\nlater\nmapped\nalarm\n8 True";
    m.prints(&command, said).await;
}

async fn database(m: &Guest) {
    let script = r"
import sqlite3
for mode in ['delete', 'wal']:
    base = sqlite3.connect('/tmp/' + mode); base.execute('pragma journal_mode=' + mode)
    base.execute('create table t (n)'); base.executemany('insert into t values (?)', [(1,), (2,)])
    base.commit(); base.execute('vacuum'); print(base.execute('select sum(n) from t').fetchone()[0])
";
    let command = format!("python3 -c \"{script}\"");
    m.prints(&command, "3\n3").await;
}

async fn perl(m: &Guest) {
    let script = r#"perl -e 'use POSIX; use Socket; socketpair(my $a, my $b, AF_UNIX, SOCK_STREAM, 0);
if (!fork) { syswrite $b, "child"; exit 7 } sysread $a, my $said, 9; wait;
alarm 0; select undef, undef, undef, 0.01; print $said, $? >> 8, " ", (times)[0] >= 0, "\n"'"#;
    m.prints(script, "child7 1").await;
}

async fn git(m: &Guest) {
    let script = r"
set -e
export GIT_CONFIG_GLOBAL=/tmp/config; git config --global user.name u; git config --global user.email u@x
git config --global init.defaultBranch main; git config --global advice.detachedHead false
git init -q /tmp/r; cd /tmp/r; echo 1 > f; git add f; git commit -qm one
git checkout -qb side; echo 2 > g; git add g; git commit -qm two
git checkout -q main; git merge -q --no-ff -m merged side; git gc -q
git clone -q /tmp/r /tmp/s; git -C /tmp/s log --oneline | wc -l; git -C /tmp/s status --short | wc -l
";
    m.prints(script, "3\n0").await;
}

async fn c_program(m: &Guest) {
    let script = r#"
set -e
cd /tmp; printf '#include <pthread.h>\n#include <stdio.h>\nvoid *f(void *x) { return x; }\nint main(void) { pthread_t t; void *r; pthread_create(&t, 0, f, "threads"); pthread_join(t, &r); puts(r); return 0; }\n' > main.c
printf 'main: main.c\n\t@gcc -O1 -o $@ $< -lpthread\n' > Makefile
make -j2; ./main
"#;
    m.prints(script, "threads").await;
}

/// Node takes more address space than a program has where no control group bounds the machine.
async fn node(m: &Guest) {
    if !m.lab.has_limit("memory") {
        return;
    }
    let script = r#"node -e '
const http = require("http"), fs = require("fs"), { execFileSync } = require("child_process");
fs.writeFileSync("/tmp/n", "read"); console.log(fs.readFileSync("/tmp/n", "utf8"));
console.log(execFileSync("echo", ["child"]).toString().trim());
const server = http.createServer((_, r) => r.end("served")).listen(0, "127.0.0.1", () =>
  http.get({ port: server.address().port }, r => r.on("data", d => { console.log(`${d}`); server.close(); process.exit() })));
'"#;
    m.prints(script, "read\nchild\nserved").await;
}

async fn fetch(m: &Guest) {
    let script = r"
cd /tmp && echo page > page.html
python3 -m http.server 8000 --bind 127.0.0.1 > /dev/null 2>&1 &
curl -s --retry 20 --retry-connrefused --retry-delay 1 http://127.0.0.1:8000/page.html
kill %1
";
    m.prints(script, "page").await;
}
