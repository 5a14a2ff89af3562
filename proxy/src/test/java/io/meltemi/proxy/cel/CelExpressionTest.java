package io.meltemi.proxy.cel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.api.expr.v1alpha1.Constant;
import com.google.api.expr.v1alpha1.Expr;
import dev.cel.common.CelProtoV1Alpha1AbstractSyntaxTree;
import dev.cel.parser.CelParser;
import dev.cel.parser.CelParserFactory;
import dev.cel.parser.CelStandardMacro;
import io.meltemi.common.time.Ticker;
import io.meltemi.proxy.accesslog.cel.CelConditionFactory;
import io.meltemi.proxy.header.HeaderBlock;
import io.meltemi.proxy.header.HeaderName;
import io.meltemi.proxy.telemetry.FilterState;
import io.meltemi.proxy.telemetry.Stats;
import io.meltemi.proxy.telemetry.StreamInfo;
import io.meltemi.testing.FakeTicker;
import java.io.File;
import java.net.InetSocketAddress;
import java.net.MalformedURLException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What CEL says of one request, and what is no expression. */
final class CelExpressionTest {
  private final Stats stats = new Stats();
  private final CelExpressions expressions = new CelExpressions(new FakeTicker(), stats);

  private StreamInfo stream() {
    StreamInfo info = new StreamInfo();
    HeaderBlock request = new HeaderBlock();
    request.add(HeaderName.METHOD, "GET");
    request.add(HeaderName.PATH, "/apis/v1beta3/x?q=1");
    request.add(HeaderName.AUTHORITY, "shop.test");
    request.add(HeaderName.of("x-team"), "blue");
    request.add(HeaderName.of("x-twice"), "a");
    request.add(HeaderName.of("x-twice"), "b");
    info.requestHeaders = request;
    info.responseHeaders = new HeaderBlock();
    info.connectionId = 7;
    info.responseCode = 404;
    info.responseFlags = 2;
    info.bytesReceived = 10;
    info.startNanos = 1_000_000_000L;
    info.endNanos = 3_500_000_000L;
    info.upstreamCluster = "a";
    info.downstreamRemoteAddress = new InetSocketAddress("10.1.2.3", 4567);
    info.firstUpstreamTxByteNanos = 2_000_000_000L;
    info.lastUpstreamRxByteNanos = 3_000_000_000L;
    info.filterState = new FilterState();
    info.filterState.set(
        "k", "left".getBytes(StandardCharsets.UTF_8), FilterState.Sharing.NONE, true);
    info.dynamicMetadata.add(
        "ns", Map.of("k", "v", "n", 1.0, "l", List.of("x", "y"), "none", Optional.empty()));
    return info;
  }

  private Object value(String text) throws BadExpressionException {
    Object value = expressions.parse(text).value(stream());
    return value == null ? "failure" : value;
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      quoteCharacter = '`',
      value = {
        "response.code >= 400 ; true",
        "response.code >= 400 && response.code < 404 ; false",
        "request.url_path.contains('v1beta3') ; true",
        "request.query == 'q=1' && request.path.endsWith(\"q=1\") ; true",
        "request.method in ['GET', 'HEAD'] ; true",
        "request.headers['x-team'] == 'blue' ; true",
        "'x-none' in request.headers ; false",
        "has(request.headers.none) ; false",
        "request.headers['none'] == 'x' ; false",
        "request.headers['none'] == 'x' || response.code == 404 ; true",
        "response.code == 404 || request.headers['none'] == 'x' ; true",
        "request.headers['none'] == 'x' && response.code == 200 ; false",
        "request.duration > duration('2s') && request.duration < duration('1m') ; true",
        "response.flags != 0 ; true",
        "request.size + 5 * 2 == 20 ; true",
        "-request.size < 0 ; true",
        "!(response.code == 404) ; false",
        "response.code == 404 ? 'a' : 'b' ; a",
        "source.address == '10.1.2.3:4567' && source.port == 4567 ; true",
        "xds.cluster_name == 'a' ; true",
        "metadata.filter_metadata['ns']['k'] == 'v' ; true",
        "metadata.filter_metadata.ns.n == 1 ; true",
        "request.host.matches('^shop\\\\..*$') ; true",
        "matches(request.host, 'nope') ; false",
        "size([1, 2, 3]) == 3 && {'a': 1}['a'] == 1 ; true",
        "string(response.code) + 'x' == \"404x\" ; true",
        "int('7') / 2 == 3 && 7 % 4 == 3 ; true",
        "1.5 + 1.0 > 2 && 0x10 == 16 ; true",
        "1.5 + 1 > 2.0 ; failure",
        "1 == 1.0 && 1u < 2 && 2.5 > 2 && 3 >= 3u ; true",
        "[1, 2].all(x, x > 0) && ![1, 2].all(x, x > 1) ; true",
        "['/apis', '/health'].exists(p, request.path.startsWith(p)) ; true",
        "[1, 2, 3].exists_one(x, x > 2) ; true",
        "size([1, 2, 3].filter(x, x > 1)) == 2 ; true",
        "[1, 2].map(x, x * 2) == [2, 4] && [1, 2, 3].map(x, x > 1, x * 2) == [4, 6] ; true",
        "[[1], [2]].all(x, x.exists(y, y > 0)) ; true",
        "{'a': 1, 'b': 2}.exists(k, k == 'b') && 'a' in {'a': 1} && !('c' in {'a': 1}) ; true",
        "metadata.filter_metadata.ns.exists(k, k == 'n') ; true",
        "metadata.filter_metadata.ns.l.exists(v, v == 'y') && metadata.filter_metadata.ns.none == null ; true",
        "request.headers.exists(k, k == 'x-team') ; failure",
        "size(request.headers) == 6 ; true",
        "request['headers']['X-Team'] == 'blue' && request.headers.host == 'shop.test' ; true",
        "request.headers['x-twice'] == 'a,b' ; true",
        "has(request.path) && !has(request.referer) && has(request.headers.host) ; true",
        "response.code >= 500 ? 'bad' : response.code >= 400 ? 'wrong' : 'fine' ; wrong",
        "connection.id == 7 && type(connection.id) == uint ; true",
        "connection.id + 1 == 8 ; failure",
        "connection.requested_server_name == '' && xds.route_name == '' ; true",
        "xds.filter_chain_name == '' && !has(xds.virtual_host_name) ; true",
        "response.grpc_status == 12 ; true",
        "!has(upstream.transport_failure_reason) && upstream.request_attempt_count == 0 ; true",
        "size(metadata.filter_metadata) == 1 ; true",
        "request.nope == 1 || true ; true",
        "!(request.headers['none'] == 'x') ; false",
        "!(request.headers['none'] == 'x' || response.code == 404) ; false",
        "!(request.headers['none'] == 'x' && response.code == 200) ; true",
        "(response.code == 404 ? request.headers.none : 'y') == 'y' ; failure",
        "(response.code == 200 ? request.headers.none : 'y') == 'y' ; true",
        "response.code == 404 ? request.headers.none == 'x' : true ; false",
        "request.headers.none in ['a'] || request.headers['x-team'] in ['blue'] ; true",
        "[request.headers.none].exists(x, true) ; false",
        "['a'].exists(x, x == request.headers.none) ; failure",
        "request.path.none == 1 || true ; true",
        "'%' in request.headers ; false",
        "request.duration == duration('2500ms') && duration('1h30m') > duration('89m') ; true",
        "timestamp('2026-01-01T00:00:00Z') + duration('24h') == timestamp('2026-01-02T00:00:00Z') ; true",
        "timestamp('2026-03-04T05:06:07Z').getHours() == 5 ; true",
        "timestamp('2026-03-04T05:06:07Z').getDayOfWeek('UTC') == 3 ; true",
        "request.time > timestamp('1970-01-01T00:00:00Z') ; true",
        "timestamp('yesterday') == timestamp('today') ; failure",
        "duration('long') > duration('1s') ; failure",
        "int('x') == 1 ; failure",
        "int('x') == 1 || true ; true",
        "int(9.2e20) > 0 ; failure",
        "uint(-1) > 0u ; failure",
        "double('1.5') == 1.5 && string(1.5) == '1.5' && string(true) == 'true' ; true",
        "bytes('a') == b'a' && string(b'a') == 'a' ; true",
        "type(request.path) == string && type(response.code) == int ; true",
        "size('\u00e4\u00f6') == 2 && 'abc'.size() == 3 ; true",
        "'abc' < 'abd' && 'abc'.contains('b') && 'a' + 'b' == 'ab' ; true",
        "[1, 2][1] == 2 && [1] + [2] == [1, 2] ; true",
        "[1, 2][2] == 2 ; failure",
        "{'a': 1}.b == 1 ; failure",
        "1 / 0 == 1 || 1 % 0 == 1 ; failure",
        "'a' == 1 ; false",
        "!'a' ; failure",
        "1 && true ; failure",
        "request.host.matches(request.method) ; false",
        "request.host.matches('(' + ')') && !request.host.matches('(' + request.method) ; failure",
        "filter_state['k'] == b'left' && !('none' in filter_state) && !has(filter_state.none) ; true",
        "response.backend_latency == duration('1s') ; true",
        "response.code / 0 == 1 ; failure",
        "9223372036854775807 + 1 > 0 ; failure",
        "r'\\\\n' == '\\\\\\\\n' ; true",
        "connection.mtls ; false",
        "filter_state['x'] == 'y' ; false",
        "timestamp('2026-01-01T00:00:00Z') < timestamp('2026-01-02T00:00:00Z') ; true",
      })
  void evaluates(String text, String expected) throws BadExpressionException {
    assertEquals(expected, value(text).toString());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "response.code >=",
        "(response.code",
        "nope == 1",
        "request.path.lowerAscii() == 'x'",
        "request.path.matches('(')",
        "'open",
        "1 2",
        "has(1)",
        "has(request.headers['x-team'])",
        "nope()",
        "[1].all(x, y > 0)",
        "[1].all(x, true) && x",
        "xds.node.id == 'n'",
        "xds['node'].id == 'n'",
        "google.rpc.Status{code: 1}",
        "matches(request.path, '(')",
        "'\\q'",
        "99999999999999999999",
      })
  void refuses(String text) {
    BadExpressionException refused =
        assertThrows(BadExpressionException.class, () -> expressions.parse(text));
    assertTrue(!String.valueOf(refused.getMessage()).isBlank(), text);
  }

  @Test
  void boundsItsSize() {
    for (String open : new String[] {"(", "[", "size(", "1+", "a.", "a?1:", "{1:", "!-"}) {
      assertThrows(
          BadExpressionException.class, () -> expressions.parse(open.repeat(15_000) + "1"), open);
    }
    assertThrows(BadExpressionException.class, () -> expressions.parse("1" + "+1".repeat(16_000)));
    assertThrows(
        BadExpressionException.class, () -> expressions.parse("request" + ".a".repeat(16_000)));
    assertThrows(
        BadExpressionException.class, () -> expressions.parse("request" + "['a']".repeat(6_000)));
    assertThrows(BadExpressionException.class, () -> expressions.parse(" ".repeat(40_000) + "1"));
  }

  @Test
  void boundsItsRounds() throws BadExpressionException {
    String digits = "[0,1,2,3,4,5,6,7,8,9]";
    assertEquals(
        true, value(digits + ".all(a, " + digits + ".all(b, a + b >= 0))"), "a hundred rounds");
    assertEquals(0, stats.counter("cel.over_budget").value());
    assertEquals(
        "failure",
        value(digits + ".all(a, " + digits + ".all(b, " + digits + ".all(c, a + b + c >= 0)))"));
    assertEquals(1, stats.counter("cel.over_budget").value());
  }

  /** A proxy without expressions does not pay for them. */
  @Test
  void loadsTheLibraryForTheFirstExpression() throws Exception {
    List<String> loaded = new ArrayList<>();
    URL[] path =
        Stream.of(System.getProperty("java.class.path").split(File.pathSeparator))
            .map(CelExpressionTest::url)
            .toArray(URL[]::new);
    try (URLClassLoader apart =
        new URLClassLoader(path, ClassLoader.getPlatformClassLoader()) {
          @Override
          protected Class<?> findClass(String name) throws ClassNotFoundException {
            loaded.add(name);
            return super.findClass(name);
          }
        }) {
      Class<?> stats = apart.loadClass(Stats.class.getName());
      Class<?> clock = apart.loadClass(Ticker.class.getName());
      Object made =
          apart
              .loadClass(CelExpressions.class.getName())
              .getConstructor(clock, stats)
              .newInstance(
                  clock.getMethod("system").invoke(null), stats.getConstructor().newInstance());
      apart
          .loadClass(CelConditionFactory.class.getName())
          .getConstructor(made.getClass())
          .newInstance(made);
      assertEquals(List.of(), loaded.stream().filter(name -> name.startsWith("dev.cel.")).toList());
      made.getClass().getMethod("parse", String.class).invoke(made, "1 == 1");
      assertTrue(loaded.stream().anyMatch(name -> name.startsWith("dev.cel.")));
    }
  }

  private static URL url(String entry) {
    try {
      return Path.of(entry).toUri().toURL();
    } catch (MalformedURLException e) {
      throw new IllegalArgumentException(entry, e);
    }
  }

  /** A tree that was parsed elsewhere says the same. */
  @Test
  void readsTrees() throws Exception {
    CelParser parser =
        CelParserFactory.standardCelParserBuilder()
            .setStandardMacros(CelStandardMacro.STANDARD_MACROS)
            .build();
    for (String text : List.of("request.method == 'GET'", "[1, 2].exists(x, x == 2)")) {
      Expr tree =
          CelProtoV1Alpha1AbstractSyntaxTree.fromCelAst(parser.parse(text).getAst()).getExpr();
      assertTrue(expressions.of(tree).holds(stream()), text);
    }
    assertThrows(BadExpressionException.class, () -> expressions.of(Expr.getDefaultInstance()));
    Expr unknown =
        Expr.newBuilder().setCallExpr(Expr.Call.newBuilder().setFunction("nope")).build();
    assertThrows(BadExpressionException.class, () -> expressions.of(unknown));
    Expr wide =
        Expr.newBuilder()
            .setConstExpr(Constant.newBuilder().setStringValue("x".repeat(40_000)))
            .build();
    assertThrows(BadExpressionException.class, () -> expressions.of(wide));
    Expr deep = Expr.newBuilder().setIdentExpr(Expr.Ident.newBuilder().setName("request")).build();
    for (int i = 0; i < 200; i++) {
      deep =
          Expr.newBuilder()
              .setSelectExpr(Expr.Select.newBuilder().setOperand(deep).setField("a"))
              .build();
    }
    Expr tooDeep = deep;
    assertThrows(BadExpressionException.class, () -> expressions.of(tooDeep));
  }

  /** Any text either is read, and then has a value or none, or is refused. */
  @Test
  void survivesNoise() {
    String[] words = {
      "request",
      ".path",
      "[",
      "]",
      "(",
      ")",
      "'a'",
      "1",
      "==",
      "&&",
      "||",
      "?",
      ":",
      "!",
      "-",
      "in",
      " ",
      ",",
      "{",
      "}",
      "has(",
      "response.code",
      "'",
      "\\",
      "/",
      "%",
      ".5e"
    };
    Random random = new Random(7);
    int read = 0;
    for (int i = 0; i < 2_000; i++) {
      StringBuilder text = new StringBuilder();
      for (int k = random.nextInt(10); k >= 0; k--) {
        text.append(words[random.nextInt(words.length)]);
      }
      try {
        value(text.toString());
        read++;
      } catch (BadExpressionException e) {
        assertTrue(e.getMessage() != null);
      }
    }
    assertTrue(read > 10, "read " + read);
  }
}
