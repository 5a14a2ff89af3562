package io.meltemi.xds.server;

import io.meltemi.xds.resource.NameSet;

/**
 * What a client newly asked for.
 *
 * @param everything the wildcard
 * @param names explicit names, which may be given together with the wildcard
 * @param resumed the client said which versions it has, and needs only what differs
 */
public record ResourceRequest(boolean everything, NameSet names, boolean resumed) {}
