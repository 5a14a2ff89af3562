package io.meltemi.proxy.http.filter.router;

import io.meltemi.proxy.cluster.Cluster;
import io.meltemi.proxy.cluster.HashPolicy;
import io.meltemi.proxy.cluster.Host;
import io.meltemi.proxy.cluster.HostSource;
import io.meltemi.proxy.cluster.LbContext;
import io.meltemi.proxy.header.HeaderBlock;
import io.meltemi.proxy.header.HeaderName;
import io.meltemi.proxy.http.HttpFilterContext;
import io.meltemi.proxy.route.RouteAction;
import java.net.SocketAddress;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What load balancing asks about one request: its hash, where it was for, and which hosts its
 * retries turn down. Reused per stream, on its event loop.
 */
final class RequestLbContext implements LbContext {
  private final HttpFilterContext context;
  private final RetryState retry;
  private final RequestHash hash;
  private List<HashPolicy> hashPolicies = List.of();
  private int attempts;

  RequestLbContext(HttpFilterContext context, RetryState retry) {
    this.context = context;
    this.retry = retry;
    this.hash = new RequestHash(context);
  }

  /** A request begins; a cluster's policies go before its route's. */
  void begin(RouteAction.Forward target, Cluster cluster) {
    List<HashPolicy> ofCluster = cluster.settings().http().hashPolicies();
    hashPolicies = ofCluster.isEmpty() ? target.options().hashPolicies() : ofCluster;
  }

  void clear() {
    hashPolicies = List.of();
    attempts = 0;
    hash.clear();
  }

  /** Gives the client the cookies that were made for the hash. */
  void addCookies(HeaderBlock response) {
    hash.addCookies(response);
  }

  @Override
  public long random() {
    return context.loop().random();
  }

  @Override
  public boolean hasHash() {
    hash.find(hashPolicies, context.requestHeaders());
    return hash.isPresent();
  }

  @Override
  public long hash() {
    return hash.value();
  }

  @Override
  public @Nullable String requestedHost() {
    return context.requestHeaders().get(HeaderName.AUTHORITY);
  }

  @Override
  public @Nullable SocketAddress originalDestination() {
    return context.streamInfo().downstreamLocalAddress;
  }

  @Override
  public @Nullable String wantedHosts(HostSource source) {
    return switch (source) {
      case HostSource.Header(HeaderName name) -> context.requestHeaders().get(name);
      case HostSource.Metadata(String namespace, List<String> path) ->
          context.streamInfo().dynamicMetadata.get(namespace, path) instanceof String text
              ? text
              : null;
    };
  }

  @Override
  public int attempt() {
    return attempts;
  }

  /** A host is tried. */
  void tried() {
    attempts++;
  }

  @Override
  public boolean rejects(Host candidate) {
    return retry.rejects(candidate);
  }

  @Override
  public boolean avoidsPriorities() {
    return retry.avoidsPriorities();
  }

  @Override
  public boolean avoids(int priority) {
    return retry.avoids(priority);
  }

  @Override
  public void avoidNoPriority() {
    retry.avoidNoPriority();
  }

  @Override
  public int hostSelectionAttemptsMax() {
    return retry.hostAttemptsMax();
  }
}
