package io.meltemi.proxy.snapshot;

import io.meltemi.proxy.transport.RemoteSecrets;

/** The secrets that servers deliver, and how servers with a stream of their own are reached. */
public record SecretAccess(RemoteSecrets secrets, SecretStreams streams) {}
