package io.meltemi.controlplane.push;

import io.meltemi.config.kind.virtualservice.HttpAction;
import io.meltemi.config.kind.virtualservice.HttpMatch;
import io.meltemi.config.kind.virtualservice.HttpRoute;
import io.meltemi.config.kind.virtualservice.SourceMatch;
import io.meltemi.config.kind.virtualservice.TcpRoute;
import io.meltemi.config.kind.virtualservice.TlsRoute;
import io.meltemi.config.kind.virtualservice.VirtualService;
import io.meltemi.config.resource.Resource;
import io.meltemi.config.traffic.Destination;
import io.meltemi.controlplane.registry.HostNames;
import java.util.List;
import java.util.Locale;

/**
 * Writes out what a virtual service leaves to its namespace: short host names become full ones, and
 * gateway names get their namespace.
 *
 * @param namespace of the virtual service
 * @param domain such as {@code cluster.local}
 */
record VirtualServiceCompletion(String namespace, String domain) {

  static Resource<VirtualService> complete(Resource<VirtualService> resource, String domain) {
    VirtualService completed =
        new VirtualServiceCompletion(resource.namespace(), domain).complete(resource.spec());
    return completed.equals(resource.spec())
        ? resource
        : new Resource<>(resource.kind(), resource.metadata(), completed, resource.origin());
  }

  private VirtualService complete(VirtualService service) {
    return new VirtualService(
        service.hosts().stream().map(this::host).toList(),
        service.gateways().isEmpty()
            ? List.of(VirtualService.MESH_GATEWAY)
            : service.gateways().stream().map(this::gateway).toList(),
        service.http().stream().map(this::http).toList(),
        service.tls().stream().map(this::tls).toList(),
        service.tcp().stream().map(this::tcp).toList(),
        service.exportTo());
  }

  private String host(String host) {
    return HostNames.complete(host.toLowerCase(Locale.ROOT), namespace, domain);
  }

  /** {@code mesh} or {@code namespace/name}. */
  private String gateway(String written) {
    if (written.equals(VirtualService.MESH_GATEWAY) || written.indexOf('/') >= 0) {
      return written.startsWith("./") ? namespace + written.substring(1) : written;
    }
    int dot = written.indexOf('.');
    if (dot < 0) {
      return namespace + "/" + written;
    }
    // the deprecated form gateway.namespace[.svc.domain]
    int end = written.indexOf('.', dot + 1);
    String gatewayNamespace = written.substring(dot + 1, end < 0 ? written.length() : end);
    return gatewayNamespace + "/" + written.substring(0, dot);
  }

  private SourceMatch source(SourceMatch source) {
    return source.gateways().isEmpty()
        ? source
        : new SourceMatch(
            source.labels(),
            source.namespace(),
            source.gateways().stream().map(this::gateway).toList());
  }

  private Destination destination(Destination destination) {
    return new Destination(host(destination.host()), destination.subset(), destination.port());
  }

  private HttpRoute http(HttpRoute route) {
    HttpRoute.Policy policy = route.policy();
    return new HttpRoute(
        route.name(),
        route.match().stream().map(this::match).toList(),
        action(route.action()),
        new HttpRoute.Policy(
            policy.rewrite(),
            policy.timeout(),
            policy.retries(),
            policy.fault(),
            policy.mirrors().stream()
                .map(m -> new HttpRoute.Mirror(destination(m.destination()), m.percent()))
                .toList(),
            policy.cors(),
            policy.headers()));
  }

  private HttpMatch match(HttpMatch match) {
    return match.source().gateways().isEmpty()
        ? match
        : new HttpMatch(
            match.name(),
            match.request(),
            source(match.source()),
            match.port(),
            match.statPrefix());
  }

  private HttpAction action(HttpAction action) {
    return switch (action) {
      case HttpAction.Forward(List<HttpAction.WeightedDestination> destinations) ->
          new HttpAction.Forward(
              destinations.stream()
                  .map(
                      to ->
                          new HttpAction.WeightedDestination(
                              destination(to.destination()), to.weight(), to.headers()))
                  .toList());
      case HttpAction.Delegate delegate ->
          delegate.namespace().isEmpty()
              ? new HttpAction.Delegate(delegate.name(), namespace, delegate.inherited())
              : delegate;
      case HttpAction.Redirect redirect -> redirect;
      case HttpAction.DirectResponse response -> response;
    };
  }

  private TlsRoute tls(TlsRoute route) {
    return new TlsRoute(
        route.match().stream()
            .map(
                m ->
                    new TlsRoute.Match(
                        m.sniHosts(), m.destinationSubnets(), m.port(), source(m.source())))
            .toList(),
        weighted(route.route()));
  }

  private TcpRoute tcp(TcpRoute route) {
    return new TcpRoute(
        route.match().stream()
            .map(m -> new TcpRoute.Match(m.destinationSubnets(), m.port(), source(m.source())))
            .toList(),
        weighted(route.route()));
  }

  private List<TcpRoute.WeightedDestination> weighted(List<TcpRoute.WeightedDestination> route) {
    return route.stream()
        .map(to -> new TcpRoute.WeightedDestination(destination(to.destination()), to.weight()))
        .toList();
  }
}
