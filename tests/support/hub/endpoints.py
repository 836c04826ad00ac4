"""The Hub's endpoints, as far as `huggingface_hub` and `datasets` ask for them, for two repos."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.support.hub.requests import READER, REPO, WRITER, Connection, Reply
from tests.support.hub.store import LFS_SUFFIXES, REGULAR_AT_MOST, Refused, Store


class Handler(Connection):
    """Every endpoint is a method."""

    # Who asks.

    @property
    def token(self) -> str:
        return self.headers.get("Authorization", "").removeprefix("Bearer ")

    def require_login(self) -> None:
        if self.token not in {WRITER, READER}:
            raise Refused(401, "Invalid credentials in Authorization header")

    def require_writer(self) -> None:
        self.require_login()
        if self.token != WRITER:
            raise Refused(403, "you have no right to write here")

    def require_no_token(self) -> None:
        """Storage is signed for; a token that comes here has gone astray."""
        if self.token:
            raise Refused(400, "a token came to the storage")

    def require_readable(self) -> dict[str, Any]:
        repo = self.store.repo
        if repo is None or (repo["private"] and self.token not in {WRITER, READER}):
            raise Refused(401 if not self.token else 404, "Repository not found", "RepoNotFound")
        return repo

    # What is asked.

    kind = "datasets"
    """Of the repo that is asked for."""

    @property
    def store(self) -> Store:
        return self.hub.stores[self.kind]

    def route(self, path: str, query: dict[str, str], body: bytes) -> Reply:
        method = "GET" if self.command == "HEAD" else self.command
        for verb, pattern, serve in ROUTES:
            found = re.fullmatch(pattern, path) if verb == method else None
            if found:
                names = found.groupdict()
                self.kind = names.pop("of", None) or ("models" if "repo" in names else "datasets")
                if names.pop("repo", REPO) != REPO:
                    raise Refused(404, "Repository not found", "RepoNotFound")
                return serve(self, **names, query=query, body=body)
        if self.hub.cas is not None and path.startswith("/cas/"):
            status, headers, answer = self.hub.cas.answer(
                self.command, path.removeprefix("/cas"), self.headers, body, self.hub.url
            )
            return Reply(answer, status, headers)
        raise Refused(404, f"no such endpoint: {method} {path}")

    def whoami(self, **_: Any) -> Reply:
        self.require_login()
        role = "write" if self.token == WRITER else "read"
        auth = {"type": "access_token", "accessToken": {"displayName": "t", "role": role}}
        return Reply({"type": "user", "name": "writer", "orgs": [{"name": "cxr"}], "auth": auth})

    def create(self, body: bytes, **_: Any) -> Reply:
        self.require_writer()
        said = json.loads(body)
        name = f"{said['organization']}/{said['name']}"
        self.kind = f"{said.get('type', 'model')}s"
        if self.kind not in self.hub.stores or name != REPO:
            raise Refused(403, "you have no rights there")
        private = said.get("visibility") == "private" or bool(said.get("private"))
        self.store.create(name, private=private)
        place = name if self.kind == "models" else f"{self.kind}/{name}"
        return Reply({"url": f"{self.hub.url}/{place}", "id": "1", "name": name})

    def validate_yaml(self, **_: Any) -> Reply:
        return Reply({"errors": [], "warnings": []})

    def info(self, rev: str = "main", **_: Any) -> Reply:
        repo = self.require_readable()
        commit = self.store.resolve(rev)
        siblings = [{"rfilename": name} for name in sorted(self.store.tree(commit))]
        return Reply(
            {
                **{"_id": "1", "id": repo["id"], "author": "cxr", "sha": commit, "likes": 0},
                **{"private": repo["private"], "gated": False, "disabled": False, "downloads": 0},
                **{"lastModified": "2026-01-01T00:00:00.000Z", "tags": [], "siblings": siblings},
                "createdAt": "2026-01-01T00:00:00.000Z",
            }
        )

    def refs(self, **_: Any) -> Reply:
        repo = self.require_readable()
        said = {
            plural: [
                {"name": name, "ref": f"refs/{kind}/{name}", "targetCommit": commit}
                for name, commit in sorted(repo[plural].items())
            ]
            for plural, kind in (("branches", "heads"), ("tags", "tags"))
        }
        return Reply({**said, "converts": []})

    def log(self, rev: str, **_: Any) -> Reply:
        self.require_readable()
        self.store.resolve(rev)
        return Reply(
            [
                {"id": commit, "title": "", "message": "", "date": "2026-01-01T00:00:00.000Z"}
                | {"authors": []}
                for commit in self.store.commits()
            ]
        )

    def entries(self, rev: str) -> dict[str, dict[str, Any]]:
        self.require_readable()
        found: dict[str, dict[str, Any]] = {}
        for name, entry in sorted(self.store.tree(self.store.resolve(rev)).items()):
            for parent in reversed(Path(name).parents[:-1]):
                place = parent.as_posix()
                found[place] = {"type": "directory", "oid": "0" * 40, "size": 0, "path": place}
            said = {"type": "file", "oid": entry["oid"], "size": entry["size"], "path": name}
            if entry["lfs"]:
                said["lfs"] = entry["lfs"]
                if self.hub.cas:
                    said["xetHash"] = self.hub.cas.file_of(entry["lfs"]["oid"])
            found[name] = said
        return found

    def tree(self, rev: str, query: dict[str, str], path: str = "", **_: Any) -> Reply:
        entries = self.entries(rev)
        if path and path not in entries:
            raise Refused(404, f"{path} does not exist", "EntryNotFound")
        deep = query.get("recursive", "").lower() in {"true", "1"}
        names = [
            name
            for name in entries
            if (not path or name.startswith(f"{path}/"))
            and (deep or "/" not in name.removeprefix(f"{path}/" if path else ""))
        ]
        start, page = int(query.get("cursor", 0)), self.hub.page
        headers = {}
        if start + page < len(names):
            url = f"{self.hub.url}{urlsplit(self.path).path}?cursor={start + page}"
            headers["Link"] = f'<{url}&recursive={deep}>; rel="next"'
        return Reply([entries[name] for name in names[start : start + page]], headers=headers)

    def paths_info(self, rev: str, body: bytes, **_: Any) -> Reply:
        entries = self.entries(rev)
        if self.headers.get("Content-Type", "").startswith("application/json"):
            wanted = json.loads(body)["paths"]
        else:
            wanted = parse_qs(body.decode()).get("paths", [])
        wanted = [wanted] if isinstance(wanted, str) else wanted
        return Reply([entries[name] for name in wanted if name in entries])

    def resolve(self, rev: str, path: str, **_: Any) -> Reply:
        self.require_readable()
        commit = self.store.resolve(rev)
        headers = {"X-Repo-Commit": commit, "Accept-Ranges": "bytes"}
        entry = self.store.tree(commit).get(path)
        if entry is None:
            raise Refused(404, "Entry not found", "EntryNotFound")
        if entry["lfs"] is None:
            headers["ETag"] = f'"{entry["oid"]}"'
            return Reply(self.store.content(entry), headers=headers)
        oid = entry["lfs"]["oid"]
        headers["X-Linked-Size"], headers["X-Linked-ETag"] = str(entry["size"]), f'"{oid}"'
        if self.hub.cas:
            token = f"{self.hub.url}/api/datasets/{REPO}/xet-read-token/{commit}"
            headers["X-Xet-Hash"] = self.hub.cas.file_of(oid)
            headers["X-Xet-Refresh-Route"] = token
            headers["Link"] = f'<{token}>; rel="xet-auth"'
        headers["Location"] = f"{self.hub.storage}/cdn/{oid}?X-Amz-Signature=5ec3e7"
        return Reply(b"", 302, headers)

    def raw(self, rev: str, path: str, **_: Any) -> Reply:
        """What git itself holds of a file."""
        self.require_readable()
        entry = self.store.tree(self.store.resolve(rev)).get(path)
        if entry is None or entry["lfs"]:
            raise Refused(404, "Entry not found", "EntryNotFound")
        return Reply(self.store.content(entry))

    def cdn(self, oid: str, **_: Any) -> Reply:
        self.require_no_token()
        data = (self.store.objects / oid).read_bytes()
        return Reply(data, headers={"ETag": f'"{oid}"', "Accept-Ranges": "bytes"})

    def preupload(self, rev: str, body: bytes, **_: Any) -> Reply:
        self.require_writer()
        tree = self.store.tree(self.store.resolve(rev))
        files = []
        for file in json.loads(body)["files"]:
            large = file["path"].endswith(LFS_SUFFIXES) or file["size"] > REGULAR_AT_MOST
            entry = tree.get(file["path"])
            oid = None if entry is None else (entry["lfs"] or entry)["oid"]
            files.append(
                {"path": file["path"], "uploadMode": "lfs" if large else "regular"}
                | {"shouldIgnore": file["path"] in self.hub.ignored}
                | ({} if oid is None else {"oid": oid})
            )
        return Reply({"files": files})

    def batch(self, body: bytes, **_: Any) -> Reply:
        self.require_writer()
        objects = []
        for one in json.loads(body)["objects"]:
            said = {"oid": one["oid"], "size": one["size"]}
            if not self.store.has(one["oid"]):
                folder = "" if self.kind == "models" else f"/{self.kind}"
                verify = {"href": f"{self.hub.url}{folder}/{REPO}.git/info/lfs/verify"}
                upload = {"href": f"{self.hub.storage}/lfs/{one['oid']}?X-Amz-Signature=5ec3e7"}
                said["actions"] = {"upload": upload, "verify": verify}
            objects.append(said)
        return Reply({"transfer": "basic", "objects": objects})

    def put(self, oid: str, body: bytes, **_: Any) -> Reply:
        self.require_no_token()
        self.store.put(oid, body)
        return Reply()

    def verify(self, body: bytes, **_: Any) -> Reply:
        said = json.loads(body)
        self.store.lfs_entry(said["oid"], said["size"])
        return Reply()

    def commit(self, body: bytes, **_: Any) -> Reply:
        self.require_writer()
        oid = self.store.commit(body.splitlines())
        place = REPO if self.kind == "models" else f"{self.kind}/{REPO}"
        url = f"{self.hub.url}/{place}/commit/{oid}"
        return Reply({"success": True, "commitOid": oid, "commitUrl": url, "hookOutput": ""})

    def tag(self, rev: str, body: bytes, **_: Any) -> Reply:
        self.require_writer()
        self.store.tag(json.loads(body)["tag"], self.store.resolve(rev))
        return Reply()

    def xet_token(self, kind: str, **_: Any) -> Reply:
        if self.hub.cas is None:
            raise Refused(404, "Xet is off")
        self.require_writer() if kind == "write" else self.require_readable()
        expiry = 4_000_000_000
        url = f"{self.hub.url}/cas"
        return Reply(
            {"accessToken": f"xet-{kind}", "exp": expiry, "casUrl": url},
            headers={
                "X-Xet-Cas-Url": url,
                "X-Xet-Access-Token": f"xet-{kind}",
                "X-Xet-Token-Expiration": str(expiry),
            },
        )


_API = r"/api/(?P<of>datasets|models)/(?P<repo>[^/]+/[^/]+)"
_GIT = r"(?:/(?P<of>datasets))?/(?P<repo>[^/]+/[^/]+?)"
_REV = r"(?P<rev>[^/]+)"
ROUTES: list[tuple[str, str, Callable[..., Reply]]] = [
    ("GET", "/api/whoami-v2", Handler.whoami),
    ("POST", "/api/repos/create", Handler.create),
    ("POST", "/api/validate-yaml", Handler.validate_yaml),
    ("GET", _API, Handler.info),
    ("GET", f"{_API}/revision/{_REV}", Handler.info),
    ("GET", f"{_API}/refs", Handler.refs),
    ("GET", f"{_API}/commits/{_REV}", Handler.log),
    ("GET", f"{_API}/tree/{_REV}", Handler.tree),
    ("GET", f"{_API}/tree/{_REV}/(?P<path>.*)", Handler.tree),
    ("POST", f"{_API}/paths-info/{_REV}", Handler.paths_info),
    ("POST", f"{_API}/preupload/{_REV}", Handler.preupload),
    ("POST", f"{_API}/commit/{_REV}", Handler.commit),
    ("POST", f"{_API}/tag/{_REV}", Handler.tag),
    ("GET", f"{_API}/xet-(?P<kind>read|write)-token/{_REV}", Handler.xet_token),
    ("GET", f"{_GIT}/resolve/{_REV}/(?P<path>.+)", Handler.resolve),
    ("GET", f"{_GIT}/raw/{_REV}/(?P<path>.+)", Handler.raw),
    ("POST", rf"{_GIT}\.git/info/lfs/objects/batch", Handler.batch),
    ("POST", rf"{_GIT}\.git/info/lfs/verify", Handler.verify),
    ("PUT", "/lfs/(?P<oid>[0-9a-f]{64})", Handler.put),
    ("GET", "/cdn/(?P<oid>[0-9a-f]{64})", Handler.cdn),
]
