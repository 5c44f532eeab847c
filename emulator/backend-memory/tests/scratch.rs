use leap0_backend_memory::*;
use leap0_emulator_core::{backend::*, id::*, spec::*, template::*};
use std::time::{Duration, Instant};
#[tokio::test(flavor = "multi_thread")]
async fn scratch() {
    let b = MemoryBackend::new(Settings::default());
    let boot = Boot { identity: Identity { sandbox: SandboxId::from_bits(7), network: NetworkPolicy::default() }, template: Template::by_name("system/debian:bookworm").unwrap(), resources: Resources::default(), env: EnvVars::default() };
    let m = b.create(boot).await.unwrap();
    let text = std::fs::read_to_string(std::env::var("SCRATCH").unwrap_or("/tmp/scratch.txt".into())).unwrap();
    for script in text.split("\n---\n") {
        let t = Instant::now();
        let secs = if script.contains("TIMEOUT1") { 1 } else { 20 };
        let o = m.exec(Command { script: script.into(), cwd: None, env: EnvVars::default(), timeout: Duration::from_secs(secs) }).await;
        println!("$ {}", script);
        match o { Ok(o) => { let s = String::from_utf8_lossy(&o.stdout); let e = String::from_utf8_lossy(&o.stderr);
            println!("=> {} ({} ms) out[{}]: {} err[{}]: {}\n", o.exit_code, t.elapsed().as_millis(), s.len(), &s.chars().take(600).collect::<String>(), e.len(), e.chars().take(400).collect::<String>()) }
            Err(e) => println!("=> ERR {e:?}\n") }
    }
}
