//! How long after its acknowledgement an event is seen by a query, under a steady light load.
//! Deliberately absent: saturation; a receiver under full load comes first, and the lake follows behind.

use std::time::Instant;

use anyhow::{Context as _, Result};

use crate::Measured;
use crate::load::{self, Load};
use crate::process::{Program, free_port};
use crate::push::configuration;

/// Sends `samples` events one by one and asks for each until it is there.
pub(crate) async fn run(samples: usize) -> Result<Measured> {
    let folder = tempfile::tempdir().context("make a folder")?;
    let port = free_port()?;
    let config = folder.path().join("doorledger.yaml");
    std::fs::write(
        &config,
        configuration(&folder.path().join("data").display().to_string(), port),
    )?;
    let mut program = Program::serve(&config, port, &folder.path().join("log"))?;
    program.ready().await?;
    let mut delays_ms = Vec::new();
    for sample in 0..samples {
        let load = Load {
            port,
            path: "/ingest/onelogin/bench/webhook".to_owned(),
            token: "Bearer bench-token".to_owned(),
            batch: 1,
            connections: 1,
            events: 1,
            first: sample,
        };
        load::run(load).await?;
        let acknowledged = Instant::now();
        while program.number("OneLoginEventsV2_CL | count").await? <= sample as u64 {}
        delays_ms.push(acknowledged.elapsed().as_secs_f64() * 1e3);
    }
    delays_ms.sort_by(f64::total_cmp);
    let p99 = delays_ms[(delays_ms.len() - 1) * 99 / 100];
    Ok(Measured {
        work: "acknowledged → visible to a query".to_owned(),
        figures: format!(
            "p50 {:.1} ms, p99 {p99:.1} ms (time of the query included)",
            delays_ms[delays_ms.len() / 2]
        ),
        must: "p99 ≤ 250 ms",
        reached: p99 <= 250.0,
    })
}
