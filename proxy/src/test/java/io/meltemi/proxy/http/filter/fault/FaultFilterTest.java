package io.meltemi.proxy.http.filter.fault;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.Any;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.util.JsonFormat;
import io.envoyproxy.envoy.extensions.filters.http.fault.v3.HTTPFault;
import io.meltemi.common.validation.Origin;
import io.meltemi.common.validation.Violation;
import io.meltemi.proxy.header.HeaderName;
import io.meltemi.proxy.http.FilterStatus;
import io.meltemi.proxy.http.HttpFilter;
import io.meltemi.proxy.http.filter.FakeFilterContext;
import io.meltemi.proxy.parse.ParseScope;
import io.meltemi.proxy.telemetry.ResponseFlag;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class FaultFilterTest {
  private static final String ALWAYS = "'percentage':{'numerator':100}";

  private static FaultConfig config(String json, ParseScope scope) {
    HTTPFault.Builder proto = HTTPFault.newBuilder();
    try {
      JsonFormat.parser().merge(json.replace('\'', '"'), proto);
    } catch (InvalidProtocolBufferException e) {
      throw new IllegalArgumentException(json, e);
    }
    return (FaultConfig)
        new FaultFilterFactory().parseRoute(Any.pack(proto.build()), scope).orElseThrow();
  }

  private static FaultConfig config(String json) {
    ParseScope scope = ParseScope.root(Origin.of("test"));
    FaultConfig config = config(json, scope);
    assertEquals(List.of(), scope.out().finish(() -> "").errors());
    return config;
  }

  private static FilterStatus decode(HttpFilter filter, FakeFilterContext context) {
    return filter.decodeHeaders(context.request, true);
  }

  @Test
  void abortsWithStatus() {
    try (FakeFilterContext context = new FakeFilterContext("GET")) {
      HttpFilter filter = config("{'abort':{'http_status':503," + ALWAYS + "}}").newFilter(context);
      assertEquals(FilterStatus.PAUSE, decode(filter, context));
      assertEquals("503 fault filter abort FI fault_filter_abort", context.replied);
      assertEquals(1, context.count("fault.aborts_injected"));
      assertEquals(1, context.stats().gauge("fault.active_faults").value());
      filter.onStreamEnd();
      assertEquals(0, context.stats().gauge("fault.active_faults").value());
    }
  }

  @Test
  void delaysThenGoesOn() {
    try (FakeFilterContext context = new FakeFilterContext("GET")) {
      HttpFilter filter =
          config("{'delay':{'fixed_delay':'7s'," + ALWAYS + "}}").newFilter(context);
      assertEquals(FilterStatus.PAUSE, decode(filter, context));
      assertTrue(context.streamInfo().has(ResponseFlag.DELAY_INJECTED));
      context.advance(Duration.ofMillis(6990));
      assertEquals(0, context.continued);
      context.advance(Duration.ofMillis(20));
      assertEquals(1, context.continued);
      assertNull(context.reply);
      assertEquals(1, context.count("fault.delays_injected"));
      filter.onStreamEnd();
    }
  }

  @Test
  void delaysThenAborts() {
    try (FakeFilterContext context = new FakeFilterContext("GET")) {
      HttpFilter filter =
          config(
                  "{'delay':{'fixed_delay':'1s',%1$s},'abort':{'http_status':418,%1$s}}"
                      .formatted(ALWAYS))
              .newFilter(context);
      assertEquals(FilterStatus.PAUSE, decode(filter, context));
      assertEquals("", context.replied);
      context.advance(Duration.ofSeconds(2));
      assertEquals("418 fault filter abort FI fault_filter_abort", context.replied);
      assertEquals(0, context.continued);
      filter.onStreamEnd();
      assertEquals(0, context.stats().gauge("fault.active_faults").value());
    }
  }

  @Test
  void aStreamThatEndsTakesItsDelayAlong() {
    try (FakeFilterContext context = new FakeFilterContext("GET")) {
      HttpFilter filter =
          config("{'delay':{'fixed_delay':'1s'," + ALWAYS + "}}").newFilter(context);
      decode(filter, context);
      filter.onStreamEnd();
      context.advance(Duration.ofSeconds(5));
      assertEquals(0, context.continued);
      assertEquals(0, context.loop().timers().size());
    }
  }

  @ParameterizedTest
  @CsvSource({
    "application/grpc, 14, 200, ''",
    "application/grpc+proto, 14, 200, ''",
    "text/plain, null, 200, fault filter abort"
  })
  void grpcStatusIsForGrpcRequests(String type, String grpcStatus, int status, String body) {
    try (FakeFilterContext context = new FakeFilterContext("POST", "content-type: " + type)) {
      HttpFilter filter = config("{'abort':{'grpc_status':14," + ALWAYS + "}}").newFilter(context);
      decode(filter, context);
      assertEquals(status + " " + body + " FI fault_filter_abort", context.replied);
      assertEquals(
          grpcStatus, String.valueOf(context.responseHeaders().get(HeaderName.of("grpc-status"))));
      filter.onStreamEnd();
    }
  }

  @Test
  void conditionsMustHoldAndTheRouteCountsAlone() {
    FaultConfig jason =
        config(
            """
            {'abort':{'http_status':500,'percentage':{'numerator':100}},
             'headers':[{'name':'end-user','string_match':{'exact':'jason'}}]}
            """);
    try (FakeFilterContext context = new FakeFilterContext("GET", "end-user: bob")) {
      assertEquals(FilterStatus.CONTINUE, decode(jason.newFilter(context), context));
      context.routeConfig = config("{'abort':{'http_status':404," + ALWAYS + "}}");
      HttpFilter filter = jason.newFilter(context);
      assertEquals(FilterStatus.PAUSE, decode(filter, context));
      assertTrue(context.replied.startsWith("404"), context.replied);
      filter.onStreamEnd();
    }
    try (FakeFilterContext context = new FakeFilterContext("GET", "end-user: jason")) {
      context.routeConfig = config("{}");
      assertEquals(FilterStatus.CONTINUE, decode(jason.newFilter(context), context));
      FaultConfig nodes =
          config("{'abort':{'http_status':500," + ALWAYS + "},'downstream_nodes':['n']}");
      context.routeConfig = null;
      assertEquals(FilterStatus.CONTINUE, decode(nodes.newFilter(context), context));
      FaultConfig cluster =
          config("{'abort':{'http_status':500," + ALWAYS + "},'upstream_cluster':'c'}");
      assertEquals(FilterStatus.CONTINUE, decode(cluster.newFilter(context), context));
    }
  }

  @Test
  void sharesAreAsConfigured() {
    FaultConfig half = config("{'abort':{'http_status':500,'percentage':{'numerator':50}}}");
    try (FakeFilterContext context = new FakeFilterContext("GET")) {
      HttpFilter filter = half.newFilter(context);
      int aborted = 0;
      for (int i = 0; i < 2000; i++) {
        aborted += decode(filter, context) == FilterStatus.PAUSE ? 1 : 0;
        filter.onStreamEnd();
      }
      assertTrue(aborted > 850 && aborted < 1150, "aborted: " + aborted);
      assertEquals(aborted, context.count("fault.aborts_injected"));
    }
  }

  @Test
  void noMoreFaultsAtATimeThanAllowed() {
    FaultConfig one = config("{'delay':{'fixed_delay':'1s'," + ALWAYS + "},'max_active_faults':1}");
    try (FakeFilterContext context = new FakeFilterContext("GET")) {
      HttpFilter first = one.newFilter(context);
      HttpFilter second = one.newFilter(context);
      assertEquals(FilterStatus.PAUSE, decode(first, context));
      assertEquals(FilterStatus.CONTINUE, decode(second, context));
      assertEquals(1, context.count("fault.faults_overflow"));
      first.onStreamEnd();
      assertEquals(FilterStatus.PAUSE, decode(second, context));
      second.onStreamEnd();
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{'delay':{'header_delay':{}}} | delay.header_delay",
        "{'delay':{}} | delay.fixed_delay",
        "{'delay':{'fixed_delay':'-1s'}} | delay.fixed_delay",
        "{'abort':{}} | abort",
        "{'abort':{'http_status':199}} | abort.http_status",
        "{'abort':{'header_abort':{}}} | abort.header_abort",
        "{'response_rate_limit':{}} | response_rate_limit",
        "{'headers':[{'name':''}]} | headers[0].name"
      })
  void refusesByPath(String json, String path) {
    ParseScope scope = ParseScope.root(Origin.of("test"));
    config(json, scope);
    List<Violation> errors = scope.out().finish(() -> "").errors();
    assertEquals(path, errors.getFirst().path(), errors::toString);
  }
}
