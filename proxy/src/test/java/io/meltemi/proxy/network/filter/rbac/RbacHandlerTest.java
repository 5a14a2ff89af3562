package io.meltemi.proxy.network.filter.rbac;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.Any;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.util.JsonFormat;
import io.envoyproxy.envoy.extensions.filters.network.rbac.v3.RBAC;
import io.meltemi.common.time.Ticker;
import io.meltemi.common.validation.Origin;
import io.meltemi.proxy.cel.CelExpressions;
import io.meltemi.proxy.loop.LoopContext;
import io.meltemi.proxy.loop.Loops;
import io.meltemi.proxy.network.DownstreamConnection;
import io.meltemi.proxy.parse.ParseScope;
import io.meltemi.proxy.telemetry.Stats;
import io.meltemi.testing.FakeTicker;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.embedded.EmbeddedChannel;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

final class RbacHandlerTest {
  private final Stats stats = new Stats();
  private final FakeTicker ticker = new FakeTicker();
  private final EmbeddedChannel channel = new EmbeddedChannel();
  private final LoopContext loop = new Loops(ticker, 1).get(channel.eventLoop());

  private static final String FROM_NET =
      "'rules':{'policies':{'net':{'permissions':[{'any':true}],'principals':["
          + "{'direct_remote_ip':{'address_prefix':'10.1.0.0','prefix_len':16}}]}}}";

  private DownstreamConnection connect(String json, String client) {
    RBAC.Builder proto = RBAC.newBuilder();
    try {
      JsonFormat.parser().merge(json.replace('\'', '"'), proto);
    } catch (InvalidProtocolBufferException e) {
      throw new IllegalArgumentException(json, e);
    }
    ParseScope scope = ParseScope.root(Origin.of("test"));
    RbacConfig config =
        (RbacConfig)
            new RbacNetworkFilterFactory(stats, new CelExpressions(Ticker.system(), stats))
                .parse(Any.pack(proto.build()), scope)
                .orElseThrow();
    assertEquals(List.of(), scope.out().finish(() -> "").errors());
    InetSocketAddress remote = new InetSocketAddress(client, 4000);
    DownstreamConnection connection =
        new DownstreamConnection(
            channel,
            loop,
            new DownstreamConnection.Facts(
                1,
                new InetSocketAddress("10.0.0.1", 80),
                remote,
                remote,
                "",
                "raw_buffer",
                List.of(),
                Optional.empty()),
            new DownstreamConnection.Settings(1024, "l", "c", false));
    config.install(connection);
    return connection;
  }

  private void send() {
    channel.writeInbound(Unpooled.copiedBuffer(new byte[] {1}));
  }

  private int received() {
    int bytes = 0;
    for (ByteBuf read = channel.readInbound(); read != null; read = channel.readInbound()) {
      bytes += read.readableBytes();
      read.release();
    }
    return bytes;
  }

  @AfterEach
  void close() {
    channel.finishAndReleaseAll();
  }

  @Test
  void letsPassAndDecidesOnce() {
    connect("{'stat_prefix':'tcp.'," + FROM_NET + "}", "10.1.2.3");
    assertEquals(0, stats.scope("tcp.").counter("rbac.allowed").value());
    send();
    send();
    assertEquals(2, received());
    assertEquals(1, stats.scope("tcp.").counter("rbac.allowed").value());
  }

  @Test
  void decidesAboutEachPieceWhenContinuous() {
    connect("{'stat_prefix':'tcp','enforcement_type':'CONTINUOUS'," + FROM_NET + "}", "10.1.2.3");
    send();
    send();
    assertEquals(2, received());
    assertEquals(2, stats.scope("tcp.").counter("rbac.allowed").value());
  }

  @Test
  void closesWhatIsDenied() {
    DownstreamConnection connection =
        connect("{'stat_prefix':'tcp.'," + FROM_NET + "}", "10.2.2.3");
    assertTrue(channel.isOpen());
    send();
    assertFalse(channel.isOpen());
    assertEquals(0, received());
    assertEquals(1, stats.scope("tcp.").counter("rbac.denied").value());
    assertEquals("rbac_access_denied_matched_policy[none]", connection.terminationDetails());
  }

  @Test
  void closesLaterWhenTold() {
    connect("{'stat_prefix':'tcp.','delay_deny':'1s'," + FROM_NET + "}", "10.2.2.3");
    send();
    send();
    assertTrue(channel.isOpen());
    assertEquals(0, received());
    assertEquals(1, stats.scope("tcp.").counter("rbac.denied").value());
    ticker.advance(Duration.ofMillis(1010));
    loop.timers().runDue();
    assertFalse(channel.isOpen());
  }

  @Test
  void shadowRulesOnlyReport() {
    DownstreamConnection connection =
        connect(
            "{'stat_prefix':'tcp.','shadow_rules_stat_prefix':'dry_',"
                + FROM_NET.replace("'rules':{", "'shadow_rules':{'action':'DENY',")
                + "}",
            "10.1.2.3");
    send();
    assertEquals(1, received());
    assertEquals(1, stats.scope("tcp.").counter("rbac.dry_.shadow_denied").value());
    assertEquals(
        Map.of("dry_shadow_effective_policy_id", "net", "dry_shadow_engine_result", "denied"),
        connection.dynamicMetadata().all("envoy.filters.network.rbac"));
  }
}
