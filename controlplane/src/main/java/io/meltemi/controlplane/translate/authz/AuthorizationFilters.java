package io.meltemi.controlplane.translate.authz;

import com.google.protobuf.Any;
import io.envoyproxy.envoy.config.listener.v3.Filter;
import io.envoyproxy.envoy.config.rbac.v3.RBAC;
import io.envoyproxy.envoy.extensions.filters.network.http_connection_manager.v3.HttpFilter;
import io.meltemi.config.kind.authorizationpolicy.AuthorizationPolicy;
import io.meltemi.config.kind.authorizationpolicy.AuthorizationPolicy.Action;
import io.meltemi.config.resource.Resource;
import io.meltemi.controlplane.push.ProxyNode;
import io.meltemi.controlplane.push.PushContext;
import io.meltemi.controlplane.registry.MeshService;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The filters that the AuthorizationPolicies of a proxy come to: one for each of AUDIT, DENY and
 * ALLOW, in this order. Policies with the annotation {@code istio.io/dry-run} become shadow rules.
 *
 * <p>Differs from Istio: providers are not asked yet, so what a CUSTOM policy is for is denied, as
 * Istio does where a provider is not known.
 *
 * @param http for requests
 * @param tcp for connections
 * @param asking how many of each ask a provider; these come first
 */
public record AuthorizationFilters(List<HttpFilter> http, List<Filter> tcp, int asking) {
  private static final String HTTP_NAME = "envoy.filters.http.rbac";
  private static final String TCP_NAME = "envoy.filters.network.rbac";
  private static final String TCP_STATS = "tcp.";
  private static final String SHADOW_ALLOW = "istio_dry_run_allow_";
  private static final String SHADOW_DENY = "istio_dry_run_deny_";
  private static final String DENIED_SUFFIX = "-deny-due-to-bad-CUSTOM-action";
  private static final String DRY_RUN = "istio.io/dry-run";
  private static final List<Action> ORDER = List.of(Action.AUDIT, Action.DENY, Action.ALLOW);

  private static final PolicyRules.Naming PLAIN = new PolicyRules.Naming("", "");

  /** Of a proxy without policies. */
  private static final AuthorizationFilters NONE =
      new AuthorizationFilters(List.of(), List.of(), 0);

  public AuthorizationFilters {
    http = List.copyOf(http);
    tcp = List.copyOf(tcp);
  }

  /** Those of a proxy. */
  public static AuthorizationFilters of(ProxyNode node, PushContext context) {
    return of(context.authorizationPoliciesOf(node), context, false);
  }

  /** Those of a service behind a waypoint, where the peer's name comes with the tunnel. */
  public static AuthorizationFilters of(
      ProxyNode waypoint, MeshService service, PushContext context) {
    return of(context.authorizationPoliciesOf(waypoint, service), context, true);
  }

  private static AuthorizationFilters of(
      List<Resource<AuthorizationPolicy>> policies, PushContext context, boolean tunnelled) {
    if (policies.isEmpty()) {
      return NONE;
    }
    TrustedNames names = TrustedNames.of(context.mesh().identity());
    Identities identities = new Identities(tunnelled);
    List<HttpFilter> http = new ArrayList<>();
    List<Filter> tcp = new ArrayList<>();
    policies.stream()
        .filter(policy -> policy.spec().action() == Action.CUSTOM)
        .map(policy -> policy.spec().provider())
        .distinct()
        .sorted()
        .forEach(provider -> addDenied(provider, policies, names, identities, http, tcp));
    int asking = http.size();
    for (Action action : ORDER) {
      List<Resource<AuthorizationPolicy>> mine =
          policies.stream().filter(policy -> policy.spec().action() == action).toList();
      if (!mine.isEmpty()) {
        http.add(http(action, mine, names, identities));
        tcp.add(tcp(action, mine, names, identities));
      }
    }
    return new AuthorizationFilters(http, tcp, asking);
  }

  private static void addDenied(
      String provider,
      List<Resource<AuthorizationPolicy>> policies,
      TrustedNames names,
      Identities identities,
      List<HttpFilter> http,
      List<Filter> tcp) {
    List<Resource<AuthorizationPolicy>> asking =
        policies.stream()
            .filter(policy -> policy.spec().action() == Action.CUSTOM)
            .filter(policy -> policy.spec().provider().equals(provider))
            .toList();
    PolicyRules.Naming naming =
        new PolicyRules.Naming("istio-ext-authz-" + provider + '-', DENIED_SUFFIX);
    http.add(
        HttpFilter.newBuilder()
            .setName(HTTP_NAME)
            .setTypedConfig(
                Any.pack(
                    io.envoyproxy
                        .envoy
                        .extensions
                        .filters
                        .http
                        .rbac
                        .v3
                        .RBAC
                        .newBuilder()
                        .setRules(
                            new PolicyRules(names, identities, Action.CUSTOM, false)
                                .of(asking, naming))
                        .build()))
            .build());
    tcp.add(
        Filter.newBuilder()
            .setName(TCP_NAME)
            .setTypedConfig(
                Any.pack(
                    io.envoyproxy
                        .envoy
                        .extensions
                        .filters
                        .network
                        .rbac
                        .v3
                        .RBAC
                        .newBuilder()
                        .setRules(
                            new PolicyRules(names, identities, Action.CUSTOM, true)
                                .of(asking, naming))
                        .setStatPrefix(TCP_STATS)
                        .build()))
            .build());
  }

  private static HttpFilter http(
      Action action,
      List<Resource<AuthorizationPolicy>> policies,
      TrustedNames names,
      Identities identities) {
    PolicyRules rules = new PolicyRules(names, identities, action, false);
    var config =
        io.envoyproxy
            .envoy
            .extensions
            .filters
            .http
            .rbac
            .v3
            .RBAC
            .newBuilder()
            .setShadowRulesStatPrefix(shadowPrefix(action, policies));
    rules(rules, policies, false).ifPresent(config::setRules);
    rules(rules, policies, true).ifPresent(config::setShadowRules);
    return HttpFilter.newBuilder()
        .setName(HTTP_NAME)
        .setTypedConfig(Any.pack(config.build()))
        .build();
  }

  private static Filter tcp(
      Action action,
      List<Resource<AuthorizationPolicy>> policies,
      TrustedNames names,
      Identities identities) {
    PolicyRules rules = new PolicyRules(names, identities, action, true);
    var config =
        io.envoyproxy
            .envoy
            .extensions
            .filters
            .network
            .rbac
            .v3
            .RBAC
            .newBuilder()
            .setStatPrefix(TCP_STATS)
            .setShadowRulesStatPrefix(shadowPrefix(action, policies));
    rules(rules, policies, false).ifPresent(config::setRules);
    rules(rules, policies, true).ifPresent(config::setShadowRules);
    return Filter.newBuilder().setName(TCP_NAME).setTypedConfig(Any.pack(config.build())).build();
  }

  private static String shadowPrefix(Action action, List<Resource<AuthorizationPolicy>> policies) {
    return action == Action.DENY && policies.stream().anyMatch(AuthorizationFilters::isDryRun)
        ? SHADOW_DENY
        : SHADOW_ALLOW;
  }

  private static boolean isDryRun(Resource<AuthorizationPolicy> policy) {
    return "true".equals(policy.metadata().annotations().get(DRY_RUN));
  }

  /** The rules of those policies that are enforced, or of those that are only tried. */
  private static Optional<RBAC> rules(
      PolicyRules rules, List<Resource<AuthorizationPolicy>> policies, boolean dryRun) {
    List<Resource<AuthorizationPolicy>> mine =
        policies.stream().filter(policy -> isDryRun(policy) == dryRun).toList();
    return mine.isEmpty() ? Optional.empty() : Optional.of(rules.of(mine, PLAIN));
  }
}
