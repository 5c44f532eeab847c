//! Forms with files, as the published clients send and read them.

use bytes::Bytes;

/// A part of a form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Part {
    /// The `name` of the part, which is the path of its file.
    pub(crate) name: String,
    pub(crate) filename: Option<String>,
    pub(crate) content_type: String,
    pub(crate) body: Bytes,
}

/// The body of a form with a file for each path.
pub(crate) fn form(boundary: &str, files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut body = Vec::new();
    for (path, contents) in files {
        let name = escape(path);
        let head = format!(
            "--{boundary}\r\nContent-Disposition: form-data; name=\"{name}\"; \
             filename=\"upload\"\r\nContent-Type: application/octet-stream\r\n\r\n"
        );
        body.extend_from_slice(head.as_bytes());
        body.extend_from_slice(contents);
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());
    body
}

/// A path as it stands between quotes in a header.
pub(crate) fn escape(path: &str) -> String {
    path.replace('"', "%22").replace('\r', "%0D").replace('\n', "%0A")
}

fn unescape(name: &str) -> String {
    name.replace("%22", "\"").replace("%0D", "\r").replace("%0A", "\n").replace("\\\"", "\"")
}

/// The parts of a form with this content type.
pub(crate) fn parts(content_type: &str, body: &[u8]) -> Result<Vec<Part>, &'static str> {
    let boundary = content_type
        .split(';')
        .find_map(|parameter| parameter.trim().strip_prefix("boundary="))
        .ok_or("the content type has no boundary")?
        .trim_matches('"');
    let delimiter = format!("\r\n--{boundary}").into_bytes();
    let whole = [b"\r\n", body].concat();
    let start = position(&whole, &delimiter).ok_or("the boundary is not in the body")?;
    let mut rest = &whole[start + delimiter.len()..];
    let mut found = Vec::new();
    while !rest.starts_with(b"--") {
        let part = rest.strip_prefix(b"\r\n").ok_or("no line break after a boundary")?;
        let end = position(part, &delimiter).ok_or("a part has no end")?;
        let split = position(&part[..end], b"\r\n\r\n").ok_or("a part has no head")?;
        let head = String::from_utf8_lossy(&part[..split]).into_owned();
        found.push(one(&head, &part[split + 4..end])?);
        rest = &part[end + delimiter.len()..];
    }
    Ok(found)
}

fn one(head: &str, body: &[u8]) -> Result<Part, &'static str> {
    let field = |wanted: &str| {
        head.lines().find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case(wanted).then(|| value.trim().to_owned())
        })
    };
    let disposition = field("content-disposition").ok_or("a part has no content-disposition")?;
    if !disposition.starts_with("form-data") {
        return Err("a part is no form-data");
    }
    let parameter = |wanted: &str| {
        let (_, after) = disposition.split_once(&format!("; {wanted}=\""))?;
        let (value, _) = after.split_once('"')?;
        Some(unescape(value))
    };
    Ok(Part {
        name: parameter("name").ok_or("a part has no name")?,
        filename: parameter("filename"),
        content_type: field("content-type").unwrap_or_default(),
        body: Bytes::copy_from_slice(body),
    })
}

fn position(text: &[u8], part: &[u8]) -> Option<usize> {
    text.windows(part.len()).position(|window| window == part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_back() {
        let files: [(&str, &[u8]); 3] =
            [("/a", b"1"), ("/b \"q\"\r\n", b"--x\r\n"), ("/empty", b"")];
        let read = parts("multipart/form-data; boundary=x1", &form("x1", &files)).unwrap();
        let seen: Vec<_> = read.iter().map(|part| (&*part.name, &*part.body)).collect();
        assert_eq!(seen, files);
        assert_eq!(read[0].content_type, "application/octet-stream");
        assert!(parts("multipart/form-data", b"").is_err());
        assert!(parts("multipart/form-data; boundary=other", &form("x1", &files)).is_err());
    }
}
