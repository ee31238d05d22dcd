//! What is made of the table of routes: the router, and the page that lists them.
//! Deliberately absent: the table, and the document of the interface (`document`).

use std::fmt::Write as _;
use std::sync::Arc;

use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::response::IntoResponse;
use http::StatusCode;
use http::header::CONTENT_TYPE;

use super::ALL;
use super::route::TEXT;
use crate::access::guard;
use crate::api::Shared;
use crate::app;
use crate::problem::HttpProblem;

/// What the index says of the receivers: method, path, one sentence.
const RECEIVERS: (&str, &str, &str) =
    ("POST", "/ingest/PROVIDER/TENANT/SOURCE", "takes what a provider pushes");

/// The router of the whole table. The guard is put around each route here, so that none can go without.
pub(crate) fn router(shared: Arc<Shared>) -> Router {
    let mut router = Router::new();
    for route in ALL {
        let guard = from_fn_with_state((Arc::clone(&shared), route), guard);
        router = router.route(route.path, (route.handler)().route_layer(guard));
    }
    router
        .method_not_allowed_fallback(async || {
            HttpProblem::new(
                StatusCode::METHOD_NOT_ALLOWED,
                "method_not_allowed",
                "this path does not know the request's method",
            )
        })
        .fallback(app::page)
        .with_state(shared)
}

/// What this is and where to go.
pub(super) async fn index() -> impl IntoResponse {
    ([(CONTENT_TYPE, TEXT)], index_text())
}

fn index_text() -> String {
    let mut text = String::from(
        "doorledger collects the logs of identity providers, keeps them, and answers KQL over them.\n\n",
    );
    let routes = ALL.iter().map(|route| (route.method, route.path, route.about));
    let routes = routes.chain([RECEIVERS]);
    let width = routes.clone().map(|(_, path, _)| path.len()).max().unwrap_or_default();
    for (method, path, about) in routes {
        // Writing to a String cannot fail.
        let _written = writeln!(text, "{method:<6} {path:<width$}  {about}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::Access::Open;

    #[test]
    fn only_what_tells_nothing_is_open() {
        let open: Vec<_> =
            ALL.iter().filter(|route| route.access == Open).map(|route| route.path).collect();
        let session = "/api/v1/session";
        assert_eq!(
            open,
            ["/api", "/api/openapi.json", session, session, "/livez", "/readyz", "/healthz"]
        );
    }

    #[test]
    fn the_manual_has_the_same_table() {
        let mut table =
            String::from("| method | path | asks for | what it does |\n|---|---|---|---|\n");
        let routes = ALL.iter().map(|route| {
            let role = route.access.role().map_or("nothing", |role| role.name());
            (route.method, route.path, role, route.about)
        });
        let (method, path, about) = RECEIVERS;
        for (method, path, access, about) in
            routes.chain([(method, path, "the source's secret", about)])
        {
            writeln!(table, "| `{method}` | `{path}` | {access} | {about} |").unwrap();
        }
        let manual = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/api.md"));
        assert!(manual.contains(&table), "docs/api.md should hold:\n{table}");
    }

    #[test]
    fn the_index_lists_every_route() {
        insta::assert_snapshot!(index_text());
    }
}
