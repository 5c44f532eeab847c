//! `filesystem/*`.

use hyper::StatusCode;
use leap0_files::FileReply;

use super::Refused;
use crate::http::{Content, Operation, Reply, Request};
use crate::wire::{EditOutcomeBody, ExistsBody, Fields, ItemsBody, file_tree, files, multipart};

pub(crate) async fn perform(request: &Request) -> Result<Reply, Refused> {
    let op = match request.operation {
        // The body is the file itself, the rest is in the query.
        Operation::FsWriteFile => files::write_file(&request.query, &request.body)?,
        Operation::FsWriteFiles => {
            multipart::read(request.content_type.as_ref(), request.body.clone()).await?
        }
        operation => files::operation(operation, Fields::of_body(&request.body)?)?,
    };
    let reply = match request.world.files(request.sandbox(), op, request.fault).await? {
        FileReply::Done => Reply::no_content(),
        FileReply::Info(info) => Reply::ok(&info),
        FileReply::Listing(items) => Reply::ok(&ItemsBody { items }),
        FileReply::Exists(exists) => Reply::ok(&ExistsBody { exists }),
        FileReply::Bytes(bytes) => with(Content::Bytes(bytes)),
        FileReply::Files(files) => {
            let (kind, body) = multipart::write(&files);
            with(Content::Multipart(kind, body))
        }
        FileReply::Paths(items) => Reply::ok(&ItemsBody { items }),
        FileReply::Matches(items) => Reply::ok(&ItemsBody { items }),
        FileReply::Edited(edited) => Reply::ok(&edited),
        FileReply::EditOutcomes(outcomes) => {
            Reply::ok(&ItemsBody { items: outcomes.iter().map(EditOutcomeBody::of).collect() })
        }
        FileReply::Tree(entries) => with(Content::Json(file_tree::write(&entries))),
    };
    Ok(reply)
}

fn with(content: Content) -> Reply {
    Reply { status: StatusCode::OK, content }
}
