"""What tests share: films, artefacts, servers, browsers."""
