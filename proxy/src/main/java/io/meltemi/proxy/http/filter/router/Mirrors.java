package io.meltemi.proxy.http.filter.router;

import io.meltemi.proxy.cluster.Cluster;
import io.meltemi.proxy.cluster.ClusterManager;
import io.meltemi.proxy.cluster.Host;
import io.meltemi.proxy.header.HeaderBlock;
import io.meltemi.proxy.http.HttpFilterContext;
import io.meltemi.proxy.http.RouteChoice;
import io.meltemi.proxy.route.MirrorPolicy;
import io.meltemi.proxy.upstream.UpstreamPools;
import io.netty.buffer.ByteBuf;
import java.util.ArrayList;
import java.util.List;

/** The copies of one request after another. Event loop only. */
final class Mirrors {
  private final HttpFilterContext context;
  private final ClusterManager clusters;
  private final UpstreamPools.LoopPools pools;
  private final TryOptions options;
  private final List<MirrorRequest> copies = new ArrayList<>(1);

  Mirrors(
      HttpFilterContext context,
      ClusterManager clusters,
      UpstreamPools.LoopPools pools,
      TryOptions options) {
    this.context = context;
    this.clusters = clusters;
    this.pools = pools;
    this.options = options;
  }

  /**
   * Starts the copies that a route wants of a request.
   *
   * @param timeoutNanos 0 for none
   */
  void start(
      List<MirrorPolicy> policies,
      HeaderBlock headers,
      RequestLbContext balancing,
      boolean endStream,
      long timeoutNanos) {
    for (int i = 0; i < policies.size(); i++) {
      start(policies.get(i), headers, balancing, endStream, timeoutNanos);
    }
  }

  private void start(
      MirrorPolicy policy,
      HeaderBlock headers,
      RequestLbContext balancing,
      boolean endStream,
      long timeoutNanos) {
    if (!policy.share().includes(context.loop().random())) {
      return;
    }
    String name = RouteChoice.clusterName(policy.cluster(), headers);
    Cluster target = name == null ? null : clusters.get(name);
    Host to = target == null ? null : target.loadBalancer().choose(balancing);
    if (target == null || to == null) {
      return;
    }
    MirrorRequest copy =
        new MirrorRequest(
            context.loop(),
            target,
            pools.get(target, to, options.isHttp2Downstream(), options.ofHost(target, headers)),
            to,
            context.bufferBytesMax());
    copies.add(copy);
    copy.start(headers, policy.hostSuffix(), endStream, timeoutNanos);
  }

  void data(ByteBuf data, boolean endStream) {
    for (int i = 0; i < copies.size(); i++) {
      copies.get(i).data(data, endStream);
    }
  }

  void trailers() {
    for (int i = 0; i < copies.size(); i++) {
      copies.get(i).trailers();
    }
  }

  /** The original is over; its complete copies live on. */
  void originalEnded() {
    for (int i = 0; i < copies.size(); i++) {
      copies.get(i).originalEnded();
    }
    if (!copies.isEmpty()) {
      copies.clear();
    }
  }
}
