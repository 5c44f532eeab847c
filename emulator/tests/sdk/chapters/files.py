"""The filesystem methods."""

import leap0

ROOT = "/workspace/files"
TEXT = f"{ROOT}/notes.txt"
LINES = "one\ntwo\nthree\nfour\n"
NOT_TEXT = bytes(range(255, -1, -1))


def tell(step, client, raw):
    with step("text comes back as it was written, whole or in part") as check:
        box = client.create()
        files = client.files(box)
        files.write_file(path=TEXT, content=LINES)
        check.equal("whole", files.read_file(path=TEXT), LINES)
        check.equal("first lines", files.read_file(path=TEXT, head=2), "one\ntwo\n")
        check.equal("last line", files.read_file(path=TEXT, tail=1), "four\n")
        check.equal("range", files.read_file(path=TEXT, offset=4, limit=3), "two")
        files.write_file(path=TEXT, content="käse → 🧀\n")
        check.equal("beyond ASCII", files.read_file(path=TEXT), "käse → 🧀\n")

    with step("bytes that are no text come back as they were written") as check:
        files.write_bytes(path=f"{ROOT}/blob", content=NOT_TEXT)
        check.equal("whole", files.read_bytes(path=f"{ROOT}/blob"), NOT_TEXT)
        check.equal("range", files.read_bytes(path=f"{ROOT}/blob", offset=250), NOT_TEXT[250:])
        files.write_bytes(path=f"{ROOT}/empty", content=b"")
        check.equal("empty", files.read_bytes(path=f"{ROOT}/empty"), b"")

    with step("several files go and come in one request") as check:
        several = {f"{ROOT}/a.txt": "A\n", f"{ROOT}/deep/er/b c.txt": "B\r\n--\n"}
        files.write_files(files=several)
        check.equal("files", files.read_files(paths=list(several)), several)
        as_bytes = {f"{ROOT}/x.bin": NOT_TEXT, f"{ROOT}/y.bin": b"\r\n\r\n"}
        files.write_files_bytes(files=as_bytes)
        check.equal("bytes", files.read_files_bytes(paths=list(as_bytes)), as_bytes)

    with step("mkdir makes one directory, or all that are missing") as check:
        check.refused(404, files.mkdir, path=f"{ROOT}/no/such/parent")
        files.mkdir(path=f"{ROOT}/new/and/deep", recursive=True)
        check.equal("is a directory", files.stat(path=f"{ROOT}/new/and/deep").is_dir, True)
        check.refused(409, files.mkdir, path=f"{ROOT}/new")
        files.mkdir(path=f"{ROOT}/private", permissions="700")
        check.equal("mode", files.stat(path=f"{ROOT}/private").mode, "700")

    with step("stat tells a file's name, size, mode and time") as check:
        files.write_file(path=TEXT, content=LINES, permissions="640")
        info = files.stat(path=TEXT)
        check.equal("name and path", (info.name, info.path), ("notes.txt", TEXT))
        check.equal("size", info.size, len(LINES))
        check.equal("mode", info.mode, "640")
        check.equal("is a directory", info.is_dir, False)
        check.true(f"mtime is {info.mtime}", info.mtime > 1_500_000_000)
        check.true("nobody owns it", info.owner and info.group)
        files.set_permissions(path=TEXT, mode="600")
        check.equal("mode after set_permissions", files.stat(path=TEXT).mode, "600")

    with step("a symbolic link is described as one and followed when read") as check:
        check.equal("exit code", client.execute(box, f"ln -s {TEXT} {ROOT}/link").exit_code, 0)
        info = files.stat(path=f"{ROOT}/link")
        check.equal("link", (info.is_symlink, info.link_target), (True, TEXT))
        check.equal("content", files.read_file(path=f"{ROOT}/link"), LINES)

    with step("ls lists a directory, and with recursive what is below it") as check:
        names = [item.name for item in files.ls(path=f"{ROOT}/deep").items]
        check.equal("names", names, ["er"])
        paths = [item.path for item in files.ls(path=f"{ROOT}/deep", recursive=True).items]
        check.equal("paths", paths, [f"{ROOT}/deep/er", f"{ROOT}/deep/er/b c.txt"])
        without = files.ls(path=f"{ROOT}/deep", recursive=True, exclude=["*.txt"]).items
        check.equal("paths but *.txt", [item.path for item in without], [f"{ROOT}/deep/er"])

    with step("tree, glob and grep find what is there") as check:
        (entry,) = files.tree(path=f"{ROOT}/deep").items
        check.equal("tree", (entry.name, entry.type), ("er", "directory"))
        check.equal("leaf", [child.name for child in entry.children], ["b c.txt"])
        found = files.glob(path=ROOT, pattern="*.bin")
        check.equal("glob", found, [f"{ROOT}/x.bin", f"{ROOT}/y.bin"])
        (match,) = files.grep(path=ROOT, pattern="thr..", include="notes.*")
        check.equal("grep", (match.path, match.line, match.content), (TEXT, 3, "three"))

    with step("edits replace every occurrence and tell how many") as check:
        edited = files.edit_file(path=TEXT, edits=[leap0.FileEdit(find="o", replace="0")])
        check.equal("replacements", edited.replacements, 3)
        for line in ("-one\n", "+0ne\n"):
            check.true(f"{line!r} is not in the diff {edited.diff!r}", line in edited.diff)
        check.equal("content", files.read_file(path=TEXT), "0ne\ntw0\nthree\nf0ur\n")
        paths = [TEXT, f"{ROOT}/missing"]
        results = files.edit_files(paths=paths, find="tw0", replace="two")
        check.equal("which", [result.file for result in results], paths)
        check.equal("success", [result.success for result in results], [True, False])
        check.true("the failure has no reason", results[1].error)

    with step("copy leaves the original, move does not, and neither overwrites unasked") as check:
        copied, moved = f"{ROOT}/copied.txt", f"{ROOT}/moved.txt"
        files.copy(src_path=f"{ROOT}/a.txt", dst_path=copied)
        check.equal("copy", files.read_file(path=copied), "A\n")
        check.equal("original", files.exists(path=f"{ROOT}/a.txt"), True)
        files.move(src_path=copied, dst_path=moved)
        check.equal("moved", files.read_file(path=moved), "A\n")
        check.equal("what was moved", files.exists(path=copied), False)
        check.refused(409, files.copy, src_path=TEXT, dst_path=moved)
        check.refused(409, files.move, src_path=TEXT, dst_path=moved)
        files.copy(src_path=TEXT, dst_path=moved, overwrite=True)
        check.equal("overwritten", files.read_file(path=moved), files.read_file(path=TEXT))

    with step("what is deleted exists no more, and a full directory needs recursive") as check:
        check.equal("exists", files.exists(path=f"{ROOT}/blob"), True)
        files.delete(path=f"{ROOT}/blob")
        check.equal("exists after delete", files.exists(path=f"{ROOT}/blob"), False)
        check.refused(404, files.delete, path=f"{ROOT}/blob")
        check.refused(400, files.delete, path=f"{ROOT}/deep")
        files.delete(path=f"{ROOT}/deep", recursive=True)
        check.equal("directory exists", files.exists(path=f"{ROOT}/deep"), False)

    with step("what is not there, no file, or no absolute path is refused") as check:
        check.refused(404, files.read_file, path=f"{ROOT}/missing")
        check.refused(404, files.stat, path=f"{ROOT}/missing")
        check.refused(404, files.ls, path=f"{ROOT}/missing")
        check.refused(400, files.read_file, path=ROOT)
        check.refused(400, files.write_file, path="notes.txt", content="")
        check.equal("the file beside it", files.exists(path=TEXT), True)

    with step("the files of a deleted sandbox are gone with it") as check:
        client.delete(box)
        check.refused(404, files.read_file, path=TEXT)
