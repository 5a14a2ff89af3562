package io.meltemi.proxy.snapshot;

import io.meltemi.proxy.http.DiscoveredFilters;
import io.meltemi.proxy.transport.RemoteSecrets;

/** What servers deliver for parts of listeners and clusters, and how such servers are reached. */
public record DeliveredConfig(
    RemoteSecrets secrets, DiscoveredFilters filters, ResourceStreams streams) {}
