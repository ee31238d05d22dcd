//! The server as its users meet it: requests in, responses out, against an intake, an engine and other parts that the
//! tests command. Deliberately absent: the real ones, which their own crates test.

#[cfg(test)]
mod it {
    mod api_routes;
    mod app_routes;
    mod applications;
    mod document;
    mod fake_accounts;
    mod fake_applications;
    mod fake_catalog;
    mod fake_files;
    mod fake_health;
    mod fake_replays;
    mod fake_saved;
    mod fakes;
    mod journaled;
    mod operations;
    mod queries;
    mod receivers;
    mod server;
    mod sessions;
    mod tails;
}
