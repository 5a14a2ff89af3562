package io.meltemi.proxy.http.filter.rbac;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.Any;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.util.JsonFormat;
import io.envoyproxy.envoy.extensions.filters.http.rbac.v3.RBAC;
import io.envoyproxy.envoy.extensions.filters.http.rbac.v3.RBACPerRoute;
import io.envoyproxy.envoy.extensions.path.match.uri_template.v3.UriTemplateMatchConfig;
import io.meltemi.common.time.Ticker;
import io.meltemi.common.validation.Origin;
import io.meltemi.common.validation.Violation;
import io.meltemi.proxy.cel.CelExpressions;
import io.meltemi.proxy.header.HeaderName;
import io.meltemi.proxy.http.FilterStatus;
import io.meltemi.proxy.http.HttpFilter;
import io.meltemi.proxy.http.filter.FakeFilterContext;
import io.meltemi.proxy.network.DownstreamConnection;
import io.meltemi.proxy.parse.ParseScope;
import io.meltemi.proxy.rbac.FakeCertificate;
import io.meltemi.proxy.rbac.FakeTls;
import io.meltemi.proxy.telemetry.Stats;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class RbacFilterTest {
  private static final String ADMIN =
      "'rules':{'action':'%s','policies':{'the admin':{"
          + "'permissions':[{'any':true}],"
          + "'principals':[{'header':{'name':'x-user','string_match':{'exact':'admin'}}}]}}}";

  private static RbacConfig config(String json, ParseScope scope) {
    RBAC.Builder proto = RBAC.newBuilder();
    merge(json, proto);
    return (RbacConfig)
        new RbacFilterFactory(new CelExpressions(Ticker.system(), new Stats()))
            .parse(Any.pack(proto.build()), scope)
            .orElseThrow();
  }

  private static void merge(String json, com.google.protobuf.Message.Builder proto) {
    try {
      JsonFormat.parser()
          .usingTypeRegistry(
              JsonFormat.TypeRegistry.newBuilder()
                  .add(UriTemplateMatchConfig.getDescriptor())
                  .add(com.google.protobuf.StringValue.getDescriptor())
                  .build())
          .merge(json.replace('\'', '"'), proto);
    } catch (InvalidProtocolBufferException e) {
      throw new IllegalArgumentException(json, e);
    }
  }

  private static RbacConfig config(String json) {
    ParseScope scope = ParseScope.root(Origin.of("test"));
    RbacConfig config = config(json, scope);
    assertEquals(List.of(), scope.out().finish(() -> "").errors());
    return config;
  }

  private static FilterStatus decode(HttpFilter filter, FakeFilterContext context) {
    return filter.decodeHeaders(context.request, true);
  }

  @ParameterizedTest
  @CsvSource({
    "ALLOW, admin, CONTINUE, '', 1, 0",
    "ALLOW, other, PAUSE, none, 0, 1",
    "DENY, other, CONTINUE, '', 1, 0",
    "DENY, admin, PAUSE, the_admin, 0, 1",
    "LOG, admin, CONTINUE, '', 1, 0",
    "LOG, other, CONTINUE, '', 1, 0",
  })
  void allowsDeniesAndCounts(
      String action, String user, FilterStatus expected, String policy, int allowed, int denied) {
    try (FakeFilterContext context = new FakeFilterContext("GET", "x-user: " + user)) {
      HttpFilter filter = config("{" + ADMIN.formatted(action) + "}").newFilter(context);
      assertEquals(expected, decode(filter, context));
      assertEquals(
          policy.isEmpty()
              ? ""
              : "403 RBAC: access denied - rbac_access_denied_matched_policy[" + policy + "]",
          context.replied);
      assertEquals(allowed, context.count("rbac.allowed"));
      assertEquals(denied, context.count("rbac.denied"));
      assertEquals(
          denied == 0 ? "allowed" : "denied",
          context
              .streamInfo()
              .dynamicMetadata
              .get("envoy.filters.http.rbac", "enforced_engine_result"));
      Object logged = context.streamInfo().dynamicMetadata.get("envoy.common", "access_log_hint");
      assertEquals(action.equals("LOG") ? user.equals("admin") : null, logged);
    }
  }

  @Test
  void withoutRulesEverythingPasses() {
    try (FakeFilterContext context = new FakeFilterContext("GET")) {
      assertEquals(FilterStatus.CONTINUE, decode(config("{}").newFilter(context), context));
      assertEquals(0, context.count("rbac.allowed"));
    }
  }

  @Test
  void withEmptyRulesNothingPasses() {
    try (FakeFilterContext context = new FakeFilterContext("GET")) {
      assertEquals(FilterStatus.PAUSE, decode(config("{'rules':{}}").newFilter(context), context));
    }
  }

  @Test
  void shadowRulesOnlyReport() {
    try (FakeFilterContext context = new FakeFilterContext("GET", "x-user: admin")) {
      String shadow = ADMIN.formatted("DENY").replace("'rules'", "'shadow_rules'");
      HttpFilter filter =
          config("{" + shadow + ",'shadow_rules_stat_prefix':'dry_','track_per_rule_stats':true}")
              .newFilter(context);
      assertEquals(FilterStatus.CONTINUE, decode(filter, context));
      assertEquals(1, context.count("rbac.dry_.shadow_denied"));
      assertEquals(0, context.count("rbac.dry_.shadow_allowed"));
      assertEquals(1, context.count("rbac.dry_.policy.the admin.shadow_denied"));
      assertEquals(
          Map.of(
              "dry_shadow_effective_policy_id", "the admin", "dry_shadow_engine_result", "denied"),
          context.streamInfo().dynamicMetadata.all("envoy.filters.http.rbac"));
    }
  }

  @Test
  void aRoutesRulesCountAlone() {
    try (FakeFilterContext context = new FakeFilterContext("GET", "x-user: other")) {
      HttpFilter filter = config("{" + ADMIN.formatted("ALLOW") + "}").newFilter(context);
      RBACPerRoute.Builder proto = RBACPerRoute.newBuilder();
      merge("{'rbac':{" + ADMIN.formatted("DENY") + "}}", proto);
      context.routeConfig =
          new RbacFilterFactory(new CelExpressions(Ticker.system(), new Stats()))
              .parseRoute(Any.pack(proto.build()), ParseScope.root(Origin.of("test")))
              .orElseThrow();
      assertEquals(FilterStatus.CONTINUE, decode(filter, context));
      assertEquals(1, context.count("rbac.allowed"));
      context.request.set(HeaderName.of("x-user"), "admin");
      assertEquals(FilterStatus.PAUSE, decode(filter, context));
      context.routeConfig =
          new RbacFilterFactory(new CelExpressions(Ticker.system(), new Stats()))
              .parseRoute(
                  Any.pack(RBACPerRoute.getDefaultInstance()), ParseScope.root(Origin.of("test")))
              .orElseThrow();
      assertEquals(FilterStatus.CONTINUE, decode(filter, context));
      assertEquals(1, context.count("rbac.denied"));
    }
  }

  @Test
  void knowsThePeerByItsCertificate() {
    try (FakeFilterContext context = new FakeFilterContext("GET")) {
      DownstreamConnection.Facts plain = context.facts;
      context.facts =
          new DownstreamConnection.Facts(
              plain.id(),
              plain.localAddress(),
              plain.directRemoteAddress(),
              plain.remoteAddress(),
              "sni.example",
              "tls",
              List.of(),
              Optional.of(
                  new FakeTls(
                      new FakeCertificate(
                          List.of("spiffe://cluster.local/ns/a/sa/b"), List.of(), "CN=b"))));
      HttpFilter filter =
          config(
                  "{'rules':{'policies':{'p':{"
                      + "'permissions':[{'and_rules':{'rules':[{'destination_port':8080},"
                      + "{'requested_server_name':{'suffix':'.example'}}]}}],"
                      + "'principals':[{'authenticated':{'principal_name':"
                      + "{'exact':'spiffe://cluster.local/ns/a/sa/b'}}}]}}}}")
              .newFilter(context);
      assertEquals(FilterStatus.CONTINUE, decode(filter, context));
    }
  }

  @ParameterizedTest
  @CsvSource({
    "/a/{*}, ''",
    "/a/*, /a/b",
    "/a/*, !/a/b/c",
    "/a/*, !/a/",
    "/a/**, /a/b/c",
    "/a/**, /a/",
    "/a/**, !/b",
    "/a/*/c, /a/b/c?q=1",
    "/a/{id}/c, /a/x=y/c",
    "/a/{rest=**}, /a/b/c",
    "/a.b, /a.b",
    "/a.b, !/axb",
    "/**.m3u8, /x/y.m3u8",
    "/*/**/x, /a/b/c/x",
  })
  void knowsPathTemplates(String template, String path) {
    ParseScope scope = ParseScope.root(Origin.of("test"));
    boolean expected = !path.startsWith("!");
    try (FakeFilterContext context =
        new FakeFilterContext("GET", ":path: " + (expected ? path : path.substring(1)))) {
      HttpFilter filter =
          config(
                  "{'rules':{'policies':{'p':{'principals':[{'any':true}],'permissions':["
                      + "{'uri_template':{'name':'envoy.path.match.uri_template.uri_template_matcher',"
                      + "'typed_config':{'@type':'type.googleapis.com/"
                      + "envoy.extensions.path.match.uri_template.v3.UriTemplateMatchConfig',"
                      + "'path_template':'"
                      + template
                      + "'}}}]}}}}",
                  scope)
              .newFilter(context);
      if (path.isEmpty()) {
        assertTrue(scope.out().hasErrors());
      } else {
        // an equals sign is no character of a segment, as in Envoy
        assertEquals(
            expected && !path.contains("x=y"), decode(filter, context) == FilterStatus.CONTINUE);
        assertTrue(!scope.out().hasErrors());
      }
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{'rules':{'audit_logging_options':{'audit_condition':'ON_DENY'}}} | rules.audit_logging_options",
        "{'rules':{'policies':{'p':{'principals':[{'any':true}]}}}} | rules.policies[p].permissions",
        "{'rules':{'policies':{'p':{'permissions':[{'any':true}],'principals':[{'any':true}],'condition':{}}}}} | rules.policies[p].condition",
        "{'rules':{'policies':{'p':{'permissions':[{'matcher':{'name':'x'}}],'principals':[{'any':true}]}}}} | rules.policies[p].permissions[0].matcher",
        "{'rules':{'policies':{'p':{'permissions':[{'any':true}],'principals':[{'custom':{'name':'x'}}]}}}} | rules.policies[p].principals[0].custom",
        "{'rules':{'policies':{'p':{'permissions':[{'destination_port':70000}],'principals':[{'any':true}]}}}} | rules.policies[p].permissions[0].destination_port",
        "{'rules':{'policies':{'p':{'permissions':[{'destination_port_range':{'start':5,'end':5}}],'principals':[{'any':true}]}}}} | rules.policies[p].permissions[0].destination_port_range",
        "{'rules':{'policies':{'p':{'permissions':[{'any':true}],'principals':[{'remote_ip':{'address_prefix':'x'}}]}}}} | rules.policies[p].principals[0].remote_ip.address_prefix",
      })
  void refusesByName(String json, String field) {
    ParseScope scope = ParseScope.root(Origin.of("test"));
    config(json, scope);
    assertEquals(
        List.of(field),
        scope.out().finish(() -> "").errors().stream().map(Violation::path).toList());
  }
}
