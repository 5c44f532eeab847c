//! Between the calls of a history and HTTP.

use serde_json::json;

use super::call::{Operation, Told};
use crate::http::{Answer, Request};
use crate::run::Session;

/// The request of an operation.
pub(super) fn request(session: &Session, restore: &str, operation: &Operation) -> Request {
    let of = |sandbox: &str, what: &str| format!("/v1/sandbox/{sandbox}{what}");
    match operation {
        Operation::Create => {
            let (field, value) = session.timeout_field();
            let wish = json!({ "template_name": session.template(), field: value });
            Request::post("/v1/sandbox", &wish)
        }
        Operation::Get { sandbox } => Request::get(of(sandbox, "")),
        Operation::Pause { sandbox } => Request::new("POST", of(sandbox, "/pause")),
        Operation::Stop { sandbox } => Request::new("POST", of(sandbox, "/stop")),
        Operation::Start { sandbox } => Request::new("POST", of(sandbox, "/start")),
        Operation::Delete { sandbox } => Request::delete(of(sandbox, "")),
        Operation::Capture { sandbox, name } => {
            Request::post(of(sandbox, "/snapshot/create"), &json!({ "name": name }))
        }
        Operation::Restore { name } => Request::post(restore, &json!({ "snapshot_name": name })),
        Operation::DeleteSnapshot { snapshot } => {
            Request::delete(format!("/v1/snapshot/{snapshot}"))
        }
        Operation::Find { name } => {
            Request::get(format!("/v1/snapshots?query={name}&page-size=100"))
        }
        Operation::Write { sandbox, file, value } => {
            let path = of(sandbox, &format!("/filesystem/write-file?path={file}"));
            let kind = "application/octet-stream";
            Request::new("POST", path).header("content-type", kind).bytes(value.clone())
        }
        Operation::Read { sandbox, file } => {
            Request::post(of(sandbox, "/filesystem/read-file"), &json!({ "path": file }))
        }
        Operation::Execute { sandbox, file, value } => {
            // A redirection empties the file first, which others may see; a move does not.
            let command = format!("printf {value} > {file}.{value} && mv {file}.{value} {file}");
            Request::post(of(sandbox, "/process/execute"), &json!({ "command": command }))
        }
    }
}

/// What an answer tells.
pub(super) fn told(operation: &Operation, answer: &Answer) -> Told {
    let text = |field: &str| answer.json[field].as_str().map(str::to_owned);
    let mut told = Told { status: answer.status, ..Told::default() };
    if !answer.ok() {
        return told;
    }
    match operation {
        Operation::Create | Operation::Restore { .. } => {
            (told.made, told.state) = (text("id"), text("state"));
        }
        Operation::Capture { .. } => told.made = text("id"),
        Operation::Get { .. }
        | Operation::Pause { .. }
        | Operation::Stop { .. }
        | Operation::Start { .. } => told.state = text("state"),
        Operation::Find { name } => {
            let items = answer.json["items"].as_array().into_iter().flatten();
            let named = items.filter(|item| item["name"] == name.as_str());
            told.found = named.filter_map(|item| item["id"].as_str()).map(str::to_owned).collect();
        }
        Operation::Read { .. } => {
            told.value = Some(String::from_utf8_lossy(&answer.body).into_owned());
        }
        Operation::Execute { .. } => {
            told.exit_code = Some(answer.json["exit_code"].as_i64().unwrap_or(-1));
        }
        Operation::Delete { .. } | Operation::DeleteSnapshot { .. } | Operation::Write { .. } => {}
    }
    told
}
