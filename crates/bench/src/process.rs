//! Child processes: the program under test and the stand-in services; what they printed, used up, and answer.
//! Deliberately absent: what is measured with them.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};

/// Longest wait for anything that should happen by itself.
const PATIENCE: Duration = Duration::from_secs(300);
/// Between two looks.
const GLANCE: Duration = Duration::from_millis(20);
/// Kernel clock ticks a second, in which `/proc` counts processor time.
const TICKS_PER_SECOND: f64 = 100.0;

/// A running process of the program; killed when dropped.
pub(crate) struct Program {
    child: Child,
    /// Where it answers.
    pub(crate) url: String,
    /// What a stand-in told of itself: its address and the credentials that it takes.
    pub(crate) told: Value,
}

/// What a process has used up so far.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Usage {
    /// Processor time, user and system.
    pub(crate) cpu_seconds: f64,
    /// Most memory resident at once.
    pub(crate) peak_mib: f64,
}

impl Program {
    /// Starts a stand-in service: `doorledger simulate …`. It prints one JSON line with its address.
    pub(crate) async fn simulate(arguments: &[String]) -> Result<Self> {
        let mut child = command()
            .arg("simulate")
            .args(arguments)
            .stdout(Stdio::piped())
            .spawn()
            .context("start a stand-in")?;
        let out = child.stdout.take().context("read what the stand-in prints")?;
        let mut lines = BufReader::new(out).lines();
        let line = tokio::time::timeout(PATIENCE, lines.next_line())
            .await
            .context("wait for the stand-in")??;
        let told: Value = serde_json::from_str(&line.context("the stand-in ended")?)
            .context("read the stand-in's address")?;
        let url = told["base_url"].as_str().context("the stand-in told no address")?.to_owned();
        // What it prints later is of no interest, but the pipe must stay open.
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        Ok(Self { child, url, told })
    }

    /// Settings of a poll of this Auth0 stand-in, as one line of YAML.
    pub(crate) fn poll_settings(&self) -> String {
        let settings = serde_json::json!({
            "base_url": self.url, "client_id": self.told["client_id"], "client_secret": self.told["client_secret"],
            "start": "retention", "rate_share": 1, "interval": 1,
        });
        settings.to_string()
    }

    /// Settings of a destination that is this Azure stand-in's Data Collector, as one line of YAML.
    pub(crate) fn data_collector_settings(&self) -> String {
        let settings = serde_json::json!({
            "kind": "azure_data_collector", "workspace_id": self.told["workspace_id"],
            "shared_key": self.told["shared_key"], "log_analytics_uri": self.url,
        });
        settings.to_string()
    }

    /// Settings of a destination that is this Azure stand-in's Logs Ingestion, as one line of YAML.
    pub(crate) fn logs_ingestion_settings(&self) -> String {
        let settings = serde_json::json!({
            "kind": "azure_logs_ingestion", "endpoint": self.url, "authority": self.url,
            "dcr_immutable_id": self.told["dcr_immutable_id"], "start": "beginning",
            "identity": {
                "kind": "client_secret", "tenant_id": self.told["tenant_id"],
                "client_id": self.told["client_id"], "client_secret": self.told["client_secret"],
            },
        });
        settings.to_string()
    }

    /// Starts `doorledger serve` on `config`.
    pub(crate) fn serve(config: &Path, port: u16, log: &Path) -> Result<Self> {
        Self::serve_by(command(), config, port, log)
    }

    /// The same of another binary than the one beside this one, with variables of its environment.
    pub(crate) fn serve_of(
        program: &Path,
        config: &Path,
        port: u16,
        log: &Path,
        variables: &[(&str, &Path)],
    ) -> Result<Self> {
        let mut command = command_of(program);
        command.envs(variables.iter().copied());
        Self::serve_by(command, config, port, log)
    }

    fn serve_by(mut command: Command, config: &Path, port: u16, log: &Path) -> Result<Self> {
        let log = std::fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(log)
            .context("open the log")?;
        let child = command
            .arg("serve")
            .arg("--config")
            .arg(config)
            .stderr(log)
            .spawn()
            .context("start the program")?;
        Ok(Self { child, url: format!("http://127.0.0.1:{port}"), told: Value::Null })
    }

    /// Waits until the program is ready to take requests.
    pub(crate) async fn ready(&mut self) -> Result<()> {
        let client = client()?;
        let start = Instant::now();
        while start.elapsed() < PATIENCE {
            if let Some(status) = self.child.try_wait().context("look at the program")? {
                bail!("the program ended with {status}");
            }
            if client
                .get(format!("{}/readyz", self.url))
                .send()
                .await
                .is_ok_and(|answer| answer.status().is_success())
            {
                return Ok(());
            }
            tokio::time::sleep(GLANCE).await;
        }
        bail!("the program was not ready in time")
    }

    /// What the process has used up, from `/proc`.
    pub(crate) fn usage(&self) -> Result<Usage> {
        let id = self.child.id().context("the program has ended")?;
        let stat = std::fs::read_to_string(format!("/proc/{id}/stat"))
            .context("read the program's account")?;
        let after_name = stat.rsplit_once(')').context("read the program's account")?.1;
        let numbers: Vec<f64> =
            after_name.split_whitespace().map(|n| n.parse().unwrap_or_default()).collect();
        let status = std::fs::read_to_string(format!("/proc/{id}/status"))
            .context("read the program's memory")?;
        let peak = status
            .lines()
            .find_map(|line| line.strip_prefix("VmHWM:"))
            .context("read the program's memory")?;
        let peak_kib: f64 = peak
            .trim()
            .trim_end_matches(" kB")
            .trim()
            .parse()
            .context("read the program's memory")?;
        Ok(Usage {
            cpu_seconds: (numbers[11] + numbers[12]) / TICKS_PER_SECOND,
            peak_mib: peak_kib / 1024.0,
        })
    }

    /// The number of its process.
    pub(crate) fn id(&self) -> Result<u32> {
        self.child.id().context("the program has ended")
    }

    /// Ends it the hard way, as a power cut would. One that has ended by itself is an error.
    pub(crate) async fn kill(mut self) -> Result<()> {
        if let Some(status) = self.child.try_wait().context("look at the program")? {
            bail!("the program ended by itself with {status}");
        }
        self.child.kill().await.context("kill the program")
    }

    /// Asks it to end, and waits until it has: whether it said that all is in order.
    pub(crate) async fn stop(mut self) -> Result<bool> {
        let id = self.id()?.to_string();
        let asked = Command::new("kill").args(["-TERM", &id]).status().await;
        ensure!(asked.context("start kill")?.success(), "the program could not be signalled");
        let ended = tokio::time::timeout(PATIENCE, self.child.wait()).await;
        Ok(ended.context("wait for the program's end")?.context("wait for the program")?.success())
    }

    /// The text at a path.
    pub(crate) async fn get(&self, path: &str) -> Result<String> {
        let answer = client()?.get(format!("{}{path}", self.url)).send().await.context("ask")?;
        let status = answer.status();
        let text = answer.text().await.context("read the answer")?;
        ensure!(status.is_success(), "{path} was answered with {status}: {text}");
        Ok(text)
    }

    /// The rows of a query.
    pub(crate) async fn query(&self, text: &str) -> Result<Vec<Vec<Value>>> {
        let body = serde_json::json!({ "query": text }).to_string();
        let request = client()?
            .post(format!("{}/api/v1/query", self.url))
            .header("content-type", "application/json");
        let answer = request.body(body).send().await.context("ask")?;
        let status = answer.status();
        let text = answer.text().await.context("read the answer")?;
        ensure!(status.is_success(), "the query was answered with {status}: {text}");
        let answer: Value = serde_json::from_str(&text).context("read the answer")?;
        let rows = answer["tables"][0]["rows"].as_array().context("the answer has no rows")?;
        Ok(rows.iter().map(|row| row.as_array().cloned().unwrap_or_default()).collect())
    }

    /// The first number of a query's first row.
    pub(crate) async fn number(&self, text: &str) -> Result<u64> {
        let rows = self.query(text).await?;
        rows.first()
            .and_then(|row| row.first())
            .and_then(Value::as_u64)
            .with_context(|| format!("no number from {text}"))
    }

    /// The account that a stand-in keeps.
    pub(crate) async fn account(&self) -> Result<Value> {
        let answer = client()?
            .get(format!("{}/__account", self.url))
            .send()
            .await
            .context("ask the stand-in")?;
        serde_json::from_str(&answer.text().await.context("read the account")?)
            .context("read the account")
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // It may have ended already.
        drop(self.child.start_kill());
    }
}

/// Imports a file of events into the data folder `data`.
pub(crate) async fn import(data: &Path, provider: &str, events: &Path) -> Result<()> {
    let mut command = command();
    command.args(["import", "--provider", provider, "--tenant", "bench", "--data"]);
    let status = command.arg(data).arg(events).status().await.context("start the import")?;
    ensure!(status.success(), "the import ended with {status}");
    Ok(())
}

/// The same into the data folder of a configuration, for its destinations too.
pub(crate) async fn import_configured(config: &Path, provider: &str, events: &Path) -> Result<()> {
    let mut command = command();
    command.arg("--config").arg(config).args(["import", "--provider", provider]);
    let status = command.args(["--tenant", "bench"]).arg(events).status().await;
    let status = status.context("start the import")?;
    ensure!(status.success(), "the import ended with {status}");
    Ok(())
}

/// Backfills every tenant of `config` without a server.
pub(crate) async fn backfill(config: &Path) -> Result<()> {
    let mut command = command();
    command.arg("backfill").arg("--config").arg(config);
    let status = command.status().await.context("start the backfill")?;
    ensure!(status.success(), "the backfill ended with {status}");
    Ok(())
}

/// The first number that a query over a data folder gives.
pub(crate) async fn number_in(data: &Path, text: &str) -> Result<u64> {
    let mut command = command();
    command.args(["query", "--format", "csv", "--data"]).arg(data).arg(text);
    let out = command.output().await.context("start the query")?;
    let out = String::from_utf8(out.stdout).context("read the answer")?;
    let number = out.lines().nth(1).and_then(|line| line.trim().parse().ok());
    number.with_context(|| format!("no number from {text}"))
}

/// Waits until `look` finds what it looks for.
pub(crate) async fn until<T, F: Future<Output = Result<Option<T>>>>(
    what: &str,
    mut look: impl FnMut() -> F,
) -> Result<T> {
    let start = Instant::now();
    while start.elapsed() < PATIENCE {
        if let Some(found) = look().await? {
            return Ok(found);
        }
        tokio::time::sleep(GLANCE).await;
    }
    bail!("waited {} s in vain: {what}", PATIENCE.as_secs())
}

/// A port that is free at this moment.
pub(crate) fn free_port() -> Result<u16> {
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).context("find a free port")?;
    Ok(listener.local_addr().context("find a free port")?.port())
}

/// Stand-ins have certificates of their own.
fn client() -> Result<reqwest::Client> {
    reqwest::Client::builder()
        .tls_danger_accept_invalid_certs(true)
        .build()
        .context("make a client")
}

/// Runs a command of the program to its end: whether it succeeded, and what it printed.
pub(crate) async fn run_of(program: &Path, arguments: &[&str]) -> Result<(bool, String)> {
    let out = command_of(program).args(arguments).output().await.context("start the program")?;
    let text = String::from_utf8_lossy(&out.stdout).into_owned();
    Ok((out.status.success(), text + &String::from_utf8_lossy(&out.stderr)))
}

/// The program beside this one.
pub(crate) fn beside() -> PathBuf {
    let here = std::env::current_exe().unwrap_or_default();
    here.parent().unwrap_or(Path::new(".")).join("doorledger")
}

fn command() -> Command {
    command_of(&beside())
}

fn command_of(program: &Path) -> Command {
    let mut command = Command::new(program);
    command.kill_on_drop(true);
    command
}
