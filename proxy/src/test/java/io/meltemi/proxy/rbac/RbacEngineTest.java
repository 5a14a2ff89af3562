package io.meltemi.proxy.rbac;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.api.expr.v1alpha1.CheckedExpr;
import com.google.api.expr.v1alpha1.Expr;
import com.sun.management.ThreadMXBean;
import dev.cel.common.CelProtoV1Alpha1AbstractSyntaxTree;
import dev.cel.parser.CelParser;
import dev.cel.parser.CelParserFactory;
import io.envoyproxy.envoy.config.rbac.v3.Permission;
import io.envoyproxy.envoy.config.rbac.v3.Policy;
import io.envoyproxy.envoy.config.rbac.v3.Principal;
import io.envoyproxy.envoy.config.rbac.v3.RBAC;
import io.meltemi.common.time.Ticker;
import io.meltemi.common.validation.Origin;
import io.meltemi.proxy.cel.CelExpressions;
import io.meltemi.proxy.header.HeaderBlock;
import io.meltemi.proxy.header.HeaderName;
import io.meltemi.proxy.matcher.MatchTrace;
import io.meltemi.proxy.parse.ParseScope;
import io.meltemi.proxy.telemetry.DynamicMetadata;
import io.meltemi.proxy.telemetry.Stats;
import io.meltemi.proxy.telemetry.StreamInfo;
import java.lang.management.ManagementFactory;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The compiled engine answers as trying every policy does, for random policies and requests. */
final class RbacEngineTest {
  private static final CelExpressions NO_EXPRESSIONS =
      new CelExpressions(Ticker.system(), new Stats());
  private static final int DECISIONS = 20_000;

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9})
  void answersAsTryingEveryPolicyDoes(int series) {
    AccessRequest request = new AccessRequest(Optional::empty, _ -> null);
    int matched = 0;
    for (int round = 0; round < 12; round++) {
      long seed = series * 1000L + round;
      SplittableRandom random = new SplittableRandom(seed);
      RBAC rules = RbacWorld.rules(random, 1 + random.nextInt(30), round % 6 == 0 ? 24 : 2);
      ParseScope scope = ParseScope.root(Origin.of("test"));
      List<RbacEngine.Policy> policies = RbacParser.policies(rules, NO_EXPRESSIONS, scope);
      assertTrue(!scope.out().hasErrors(), () -> "seed " + seed);
      RbacEngine indexed = new RbacEngine(RbacEngine.Action.ALLOW, policies, 0);
      RbacEngine scanned = new RbacEngine(RbacEngine.Action.ALLOW, policies, Integer.MAX_VALUE);
      for (int i = 0; i < 40; i++) {
        RbacWorld world = new RbacWorld(random);
        String expected = world.effectivePolicy(rules);
        matched += expected.isEmpty() ? 0 : 1;
        world.request(request);
        assertEquals(
            expected,
            name(indexed, indexed.match(request, MatchTrace.NONE)),
            () -> "indexed, seed " + seed + ": " + world + "\n" + rules);
        assertEquals(
            expected,
            name(scanned, scanned.match(request, MatchTrace.NONE)),
            () -> "scanned, seed " + seed + ": " + world + "\n" + rules);
        assertEquals(
            expected,
            name(indexed, indexed.match(request, MatchTrace.recording())),
            () -> "traced, seed " + seed);
      }
    }
    assertTrue(matched > 100, "cases that match: " + matched);
  }

  private static String name(RbacEngine engine, int match) {
    return match == RbacEngine.NONE ? "" : engine.name(match);
  }

  private static Principal principal(String name) {
    Principal.Builder id = Principal.newBuilder();
    id.getAuthenticatedBuilder().getPrincipalNameBuilder().setExact(name);
    return id.build();
  }

  private static RbacEngine engine(RBAC rules) {
    ParseScope scope = ParseScope.root(Origin.of("test"));
    RbacEngine engine = RbacParser.parse(rules, NO_EXPRESSIONS, scope);
    assertTrue(!scope.out().hasErrors());
    return engine;
  }

  private static AccessRequest from(String principal) {
    AccessRequest request = new AccessRequest(Optional::empty, _ -> null);
    InetSocketAddress address = new InetSocketAddress("10.0.0.1", 80);
    HeaderBlock headers = new HeaderBlock();
    headers.add(HeaderName.METHOD, "GET");
    headers.add(HeaderName.PATH, "/");
    StreamInfo info = new StreamInfo();
    info.requestHeaders = headers;
    info.downstreamRemoteAddress = address;
    request.begin(
        new ConnectionFacts(
            new ConnectionFacts.Addresses(address, address, address),
            "",
            Optional.of(new FakeTls(new FakeCertificate(List.of(principal), List.of(), "")))),
        info,
        headers);
    return request;
  }

  @Test
  void findsOneOfManyPrincipals() {
    Policy.Builder policy =
        Policy.newBuilder().addPermissions(Permission.newBuilder().setAny(true));
    for (int i = 0; i < 3000; i++) {
      policy.addPrincipals(principal("spiffe://cluster.local/ns/default/sa/client-" + i));
    }
    RbacEngine engine = engine(RBAC.newBuilder().putPolicies("p", policy.build()).build());
    assertEquals(
        0, engine.match(from("spiffe://cluster.local/ns/default/sa/client-2999"), MatchTrace.NONE));
    assertEquals(
        RbacEngine.NONE,
        engine.match(from("spiffe://cluster.local/ns/default/sa/client-3000"), MatchTrace.NONE));
  }

  /** A part that all share must not make each a candidate. */
  @Test
  void filesPoliciesUnderWhatTellsThemApart() {
    RBAC.Builder rules = RBAC.newBuilder();
    Permission.Builder get = Permission.newBuilder();
    get.getHeaderBuilder().setName(":method").getStringMatchBuilder().setExact("GET");
    for (int i = 0; i < 1000; i++) {
      rules.putPolicies(
          "p%04d".formatted(i),
          Policy.newBuilder().addPermissions(get).addPrincipals(principal("sa-" + i)).build());
    }
    MatchTrace trace = MatchTrace.recording();
    assertEquals(998, engine(rules.build()).match(from("sa-998"), trace));
    assertEquals(
        """
        998 policies from p0000 to p0997: no match (by index: the request lacks what they ask for)
        policy p0998: trying
          header :method: matched (exact "GET")
          principal: matched (exact "sa-998")
        policy p0998: matched
        """,
        trace.toString());
  }

  @Test
  void theFirstPolicyByNameIsTheEffectiveOne() {
    Policy any =
        Policy.newBuilder()
            .addPermissions(Permission.newBuilder().setAny(true))
            .addPrincipals(Principal.newBuilder().setAny(true))
            .build();
    RbacEngine engine =
        engine(
            RBAC.newBuilder()
                .putPolicies("b", any)
                .putPolicies("\uFF5E", any)
                .putPolicies("B", any)
                .build());
    assertEquals("B", engine.name(engine.match(from("x"), MatchTrace.NONE)));
  }

  @Test
  void decidingAllocatesNothing() {
    RBAC.Builder rules = RBAC.newBuilder();
    for (int i = 0; i < 300; i++) {
      Permission.Builder path = Permission.newBuilder();
      path.getUrlPathBuilder().getPathBuilder().setPrefix("/");
      rules.putPolicies(
          "p" + i,
          Policy.newBuilder()
              .addPermissions(path)
              .addPrincipals(principal("sa-" + i))
              .addPrincipals(principal("sb-" + i))
              .build());
    }
    RbacCheck check =
        new RbacCheck(
            new RbacRules(Optional.of(engine(rules.build())), Optional.empty()),
            new RbacLabels(
                "ns", new RbacLabels.Prefixes("", ""), new RbacLabels.Prefixes("", ""), true, true),
            new Stats().scope("http.x."));
    AccessRequest request = from("sb-299");
    DynamicMetadata metadata = new DynamicMetadata();
    ThreadMXBean thread = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    decide(check, request, metadata);
    long before = thread.getCurrentThreadAllocatedBytes();
    decide(check, request, metadata);
    long bytes = thread.getCurrentThreadAllocatedBytes() - before;
    // the counter itself and the compiler may cost a little once
    assertTrue(bytes < DECISIONS, () -> bytes + " bytes in " + DECISIONS + " decisions");
  }

  private static void decide(RbacCheck check, AccessRequest request, DynamicMetadata metadata) {
    for (int i = 0; i < DECISIONS; i++) {
      assertNull(check.deny(request, metadata));
      metadata.clear();
    }
  }

  /** A condition is asked beside permissions and principals; one that fails does not hold. */
  @Test
  void asksConditions() throws Exception {
    CelParser parser = CelParserFactory.standardCelParserBuilder().build();
    Map<String, String> expected =
        Map.of(
            "request.method == 'GET'", "p",
            "request.method == 'PUT'", "",
            "request.headers['none'] == 'x'", "",
            "request.headers['none'] == 'x' || request.url_path == '/'", "p",
            "source.address == '10.0.0.1:80'", "p");
    for (Map.Entry<String, String> one : expected.entrySet()) {
      Expr tree =
          CelProtoV1Alpha1AbstractSyntaxTree.fromCelAst(parser.parse(one.getKey()).getAst())
              .getExpr();
      Policy asked =
          Policy.newBuilder()
              .addPermissions(Permission.newBuilder().setAny(true))
              .addPrincipals(Principal.newBuilder().setAny(true))
              .setCondition(tree)
              .build();
      Policy checked =
          asked.toBuilder()
              .clearCondition()
              .setCheckedCondition(CheckedExpr.newBuilder().setExpr(tree))
              .build();
      for (Policy policy : List.of(asked, checked)) {
        RbacEngine engine = engine(RBAC.newBuilder().putPolicies("p", policy).build());
        AccessRequest request = from("a");
        assertEquals(
            one.getValue(), name(engine, engine.match(request, MatchTrace.NONE)), one.getKey());
        assertEquals(
            one.getValue(),
            name(engine, engine.match(request, MatchTrace.recording())),
            one.getKey());
      }
    }
  }
}
