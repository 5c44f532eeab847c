//! `multipart/form-data`, where a part's name is a path and its body a file (FS-22).

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::convert::Infallible;
use std::fmt::Write as _;

use bytes::Bytes;
use hyper::header::HeaderValue;
use leap0_emulator_core::id::{IdSource as _, RandomIds};
use leap0_files::{FileContent, FileOp, FsPath, WriteFile};

use super::FieldError;

/// Reads `filesystem/write-files`. Of parts with the same name the last wins.
pub(crate) async fn read(
    content_type: Option<&HeaderValue>,
    body: Bytes,
) -> Result<FileOp, Vec<FieldError>> {
    let refused = |rule: &str| vec![FieldError::new("body", rule)];
    let boundary = content_type
        .and_then(|value| value.to_str().ok())
        .and_then(|value| multer::parse_boundary(value).ok())
        .ok_or_else(|| refused("must be multipart/form-data with a boundary"))?;
    let stream = std::iter::once(Ok::<_, Infallible>(body));
    let mut parts = multer::Multipart::new(Once(stream), boundary);
    let mut files: Vec<WriteFile> = Vec::new();
    // Where each path is among them: a form can have tens of thousands of parts.
    let mut places: HashMap<FsPath, usize> = HashMap::new();
    let mut errors = Vec::new();
    loop {
        let part = match parts.next_field().await {
            Ok(Some(part)) => part,
            Ok(None) => break,
            Err(_) => return Err(refused("must be well-formed multipart/form-data")),
        };
        let name = part.name().map(unescaped);
        let Ok(data) = part.bytes().await else {
            return Err(refused("must be well-formed multipart/form-data"));
        };
        let Some(name) = name else {
            errors.push(FieldError::new("body", "every part must have a path as its name"));
            continue;
        };
        match FsPath::new(name.clone()) {
            Ok(path) => {
                let file = WriteFile { path: path.clone(), data: data.to_vec(), mode: None };
                match places.entry(path) {
                    Entry::Occupied(place) => files[*place.get()] = file,
                    Entry::Vacant(place) => {
                        place.insert(files.len());
                        files.push(file);
                    }
                }
            }
            Err(rule) => errors.push(FieldError::new(name, rule.to_string())),
        }
    }
    if files.is_empty() && errors.is_empty() {
        errors.push(FieldError::new("body", "must have at least one part"));
    }
    if errors.is_empty() { Ok(FileOp::WriteFiles(files)) } else { Err(errors) }
}

/// A body that is already here, as the stream the reader asks for.
struct Once<I>(I);

impl<I: Iterator + Unpin> futures_core::Stream for Once<I> {
    type Item = I::Item;

    fn poll_next(
        mut self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<I::Item>> {
        std::task::Poll::Ready(self.0.next())
    }
}

/// Writes `filesystem/read-files`: the media type and the body. Every part has a file name and
/// `application/octet-stream`, without which one client or another refuses it.
pub(crate) fn write(files: &[FileContent]) -> (String, Vec<u8>) {
    let boundary = format!("leap0-{:016x}{:016x}", RandomIds.bits(), RandomIds.bits());
    let mut body = Vec::with_capacity(files.iter().map(|file| file.data.len() + 256).sum());
    for file in files {
        let mut head = String::new();
        write!(
            head,
            "--{boundary}\r\nContent-Disposition: form-data; name=\"{}\"; filename=\"{}\"\r\n\
             Content-Type: application/octet-stream\r\n\r\n",
            escaped(file.path.as_str()),
            escaped(file.path.name()),
        )
        .expect("a string takes any text");
        body.extend_from_slice(head.as_bytes());
        body.extend_from_slice(&file.data);
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());
    (format!("multipart/form-data; boundary={boundary}"), body)
}

/// What a form's names may not hold, as browsers escape it.
const ESCAPES: [(char, &str); 3] = [('"', "%22"), ('\r', "%0D"), ('\n', "%0A")];

fn escaped(name: &str) -> String {
    ESCAPES.iter().fold(name.to_owned(), |name, (plain, escape)| name.replace(*plain, escape))
}

/// Undoes what clients do to names: browsers escape quotes and line breaks, httpx every control
/// character.
fn unescaped(name: &str) -> String {
    let mut plain = String::with_capacity(name.len());
    let mut rest = name;
    while let Some(at) = rest.find('%') {
        let code = rest.get(at + 1..at + 3).and_then(|hex| u8::from_str_radix(hex, 16).ok());
        plain.push_str(&rest[..at]);
        match code {
            Some(byte) if byte == b'"' || byte.is_ascii_control() => {
                plain.push(char::from(byte));
                rest = &rest[at + 3..];
            }
            Some(_) | None => {
                plain.push('%');
                rest = &rest[at + 1..];
            }
        }
    }
    plain + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn parsed(kind: &str, body: &[u8]) -> Result<FileOp, Vec<FieldError>> {
        let kind = HeaderValue::from_str(kind).unwrap();
        read(Some(&kind), Bytes::copy_from_slice(body)).await
    }

    fn file(path: &str, data: &[u8]) -> WriteFile {
        WriteFile { path: FsPath::new(path).unwrap(), data: data.to_vec(), mode: None }
    }

    #[tokio::test]
    async fn what_is_written_reads_back_whatever_the_bytes_and_names() {
        let files: Vec<_> = [("/a b/\"q\"\n", &b"\r\n--x\0\xff"[..]), ("/b", b"")]
            .iter()
            .map(|(path, data)| FileContent {
                path: FsPath::new(*path).unwrap(),
                data: data.to_vec(),
            })
            .collect();
        let (kind, body) = write(&files);
        let expected = files.iter().map(|f| file(f.path.as_str(), &f.data)).collect();
        assert_eq!(parsed(&kind, &body).await, Ok(FileOp::WriteFiles(expected)));
    }

    #[test]
    fn only_what_clients_escape_is_unescaped() {
        assert_eq!(unescaped("/a%22b%0A%09c%20d%2Fe%é%"), "/a\"b\n\tc%20d%2Fe%é%");
    }

    #[tokio::test]
    async fn of_parts_with_one_name_the_last_wins() {
        let body =
            b"--b\r\nContent-Disposition: form-data; name=\"/p\"; filename=\"blob\"\r\n\r\n1\r\n\
            --b\r\nContent-Disposition: form-data; name=\"/p\"; filename=\"upload\"\r\n\
            Content-Type: application/octet-stream\r\n\r\n2\r\n--b--\r\n";
        let op = parsed("multipart/form-data; boundary=b", body).await;
        assert_eq!(op, Ok(FileOp::WriteFiles(vec![file("/p", b"2")])));
    }

    #[tokio::test]
    async fn what_is_no_form_is_refused() {
        for (kind, body) in [
            ("application/json", &b"{}"[..]),
            ("multipart/form-data", b"--b--"),
            ("multipart/form-data; boundary=b", b"--b\r\nnonsense"),
            ("multipart/form-data; boundary=b", b"--b--\r\n"),
        ] {
            assert!(parsed(kind, body).await.is_err(), "{kind}");
        }
        let relative = b"--b\r\nContent-Disposition: form-data; name=\"p\"\r\n\r\n1\r\n--b--\r\n";
        let errors = parsed("multipart/form-data; boundary=b", relative).await.unwrap_err();
        assert_eq!(errors, [FieldError::new("p", "must be an absolute path")]);
    }
}
