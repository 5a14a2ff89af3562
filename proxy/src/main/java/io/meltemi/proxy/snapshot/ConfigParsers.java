package io.meltemi.proxy.snapshot;

import io.meltemi.proxy.cluster.ClusterParser;
import io.meltemi.proxy.listener.ListenerParser;
import io.meltemi.proxy.route.RouteTableParser;

/** The parsers of the resources that a proxy loads. */
public record ConfigParsers(
    ClusterParser clusters, RouteTableParser routes, ListenerParser listeners) {}
