package io.meltemi.proxy.accesslog;

import io.envoyproxy.envoy.config.core.v3.Node;
import io.meltemi.proxy.loop.LoopContext;
import io.meltemi.proxy.telemetry.Formatter;
import io.meltemi.proxy.telemetry.Stats;
import io.meltemi.proxy.upstream.GrpcClient;
import java.util.List;
import java.util.function.Supplier;

/**
 * What sinks need of the proxy that they are in.
 *
 * @param loops of this proxy
 * @param node who it says it is
 */
public record LogHost(
    GrpcClient client,
    Supplier<List<LoopContext>> loops,
    Node node,
    Formatter.Sources sources,
    Stats stats) {}
