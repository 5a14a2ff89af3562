package io.meltemi.controlplane.translate;

import io.envoyproxy.envoy.config.route.v3.RouteAction.HashPolicy;
import io.meltemi.config.kind.destinationrule.DestinationRule;
import io.meltemi.config.kind.destinationrule.LoadBalancer;
import io.meltemi.config.kind.destinationrule.TrafficPolicy;
import io.meltemi.config.traffic.ConnectionPool;
import io.meltemi.controlplane.push.MeshDestinationRule;
import io.meltemi.controlplane.push.ProxyNode;
import io.meltemi.controlplane.push.PushContext;
import io.meltemi.controlplane.push.SidecarScope;
import io.meltemi.controlplane.registry.MeshService;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * The services that one proxy sees, and the part of their destination rules that Envoy wants in
 * routes and TCP proxies instead of in clusters.
 */
public final class DestinationPolicies {
  private final ProxyNode node;
  private final PushContext context;
  private final SidecarScope scope;

  private DestinationPolicies(ProxyNode node, PushContext context, SidecarScope scope) {
    this.node = node;
    this.context = context;
    this.scope = scope;
  }

  public static DestinationPolicies of(ProxyNode node, PushContext context) {
    return new DestinationPolicies(node, context, context.sidecarScope(node));
  }

  /**
   * Limits of byte streams.
   *
   * @param idleTimeout zero switches it off, unset leaves Envoy's hour
   * @param hashSourceIp the endpoint is chosen by the client's address
   * @param tunnel through which HTTP proxy they go
   */
  public record Tcp(
      Optional<Duration> idleTimeout,
      Optional<Duration> maxConnectionDuration,
      boolean hashSourceIp,
      Optional<TrafficPolicy.Tunnel> tunnel) {}

  /** The service of a host name, if the proxy sees one. */
  public Optional<MeshService> service(String host) {
    return scope.service(host);
  }

  /**
   * How requests to a service are hashed; empty when its load balancing does not ask for it.
   *
   * @param subset empty for all endpoints
   */
  public List<HashPolicy> hash(MeshService service, int port, String subset) {
    return hashKey(service, port, subset).map(DestinationPolicies::policy).stream()
        .flatMap(List::stream)
        .toList();
  }

  /**
   * Limits of byte streams to a service.
   *
   * @param subset empty for all endpoints
   */
  public Tcp tcp(MeshService service, int port, String subset) {
    Optional<ConnectionPool.Tcp> pool =
        policy(service, port, subset).connectionPool().flatMap(ConnectionPool::tcp);
    return new Tcp(
        pool.flatMap(ConnectionPool.Tcp::idleTimeout),
        pool.flatMap(ConnectionPool.Tcp::maxConnectionDuration),
        hashKey(service, port, subset)
            .filter(LoadBalancer.HashKey.SourceIp.class::isInstance)
            .isPresent(),
        policy(service, port, subset).tunnel());
  }

  private Optional<LoadBalancer.HashKey> hashKey(MeshService service, int port, String subset) {
    return policy(service, port, subset)
        .loadBalancer()
        .map(LoadBalancer::algorithm)
        .filter(LoadBalancer.ConsistentHash.class::isInstance)
        .map(hash -> ((LoadBalancer.ConsistentHash) hash).key());
  }

  private static List<HashPolicy> policy(LoadBalancer.HashKey key) {
    HashPolicy.Builder policy = HashPolicy.newBuilder();
    switch (key) {
      case LoadBalancer.HashKey.HttpHeader(String name) ->
          policy.setHeader(HashPolicy.Header.newBuilder().setHeaderName(name));
      case LoadBalancer.HashKey.HttpCookie cookie -> policy.setCookie(cookie(cookie));
      case LoadBalancer.HashKey.SourceIp() ->
          policy.setConnectionProperties(
              HashPolicy.ConnectionProperties.newBuilder().setSourceIp(true));
      case LoadBalancer.HashKey.HttpQueryParameter(String name) ->
          policy.setQueryParameter(HashPolicy.QueryParameter.newBuilder().setName(name));
      case LoadBalancer.HashKey.Unset() -> {
        return List.of();
      }
    }
    return List.of(policy.build());
  }

  private static HashPolicy.Cookie cookie(LoadBalancer.HashKey.HttpCookie written) {
    HashPolicy.Cookie.Builder cookie =
        HashPolicy.Cookie.newBuilder().setName(written.name()).setPath(written.path());
    written.ttl().ifPresent(ttl -> cookie.setTtl(ProtoValues.duration(ttl)));
    for (LoadBalancer.CookieAttribute attribute : written.attributes()) {
      cookie.addAttributes(
          HashPolicy.CookieAttribute.newBuilder()
              .setName(attribute.name())
              .setValue(attribute.value()));
    }
    return cookie.build();
  }

  private TrafficPolicies.Effective policy(MeshService service, int port, String subset) {
    Optional<DestinationRule> rule =
        context.destinationRule(node, service).map(MeshDestinationRule::rule);
    Optional<DestinationRule.Subset> part =
        rule.stream()
            .flatMap(found -> found.subsets().stream())
            .filter(candidate -> candidate.name().equals(subset))
            .findFirst();
    return part.isPresent()
        ? TrafficPolicies.ofSubset(rule.orElseThrow(), part.get(), port, context.mesh())
        : TrafficPolicies.ofPort(rule, port, context.mesh());
  }
}
