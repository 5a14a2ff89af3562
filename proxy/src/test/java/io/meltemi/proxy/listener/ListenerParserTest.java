package io.meltemi.proxy.listener;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.github.xds.type.matcher.v3.IPMatcher;
import com.google.protobuf.Any;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.StringValue;
import com.google.protobuf.util.JsonFormat;
import io.envoyproxy.envoy.extensions.filters.listener.tls_inspector.v3.TlsInspector;
import io.envoyproxy.envoy.extensions.matching.common_inputs.network.v3.ApplicationProtocolInput;
import io.envoyproxy.envoy.extensions.matching.common_inputs.network.v3.DestinationIPInput;
import io.envoyproxy.envoy.extensions.matching.common_inputs.network.v3.DestinationPortInput;
import io.envoyproxy.envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext;
import io.meltemi.common.time.Ticker;
import io.meltemi.common.validation.Origin;
import io.meltemi.common.validation.Validation;
import io.meltemi.common.validation.Violation;
import io.meltemi.proxy.listener.filter.tlsinspector.TlsInspectorFactory;
import io.meltemi.proxy.matcher.MatchTrace;
import io.meltemi.proxy.network.DownstreamConnection;
import io.meltemi.proxy.network.NetworkFilterConfig;
import io.meltemi.proxy.network.NetworkFilterFactory;
import io.meltemi.proxy.parse.ParseScope;
import io.meltemi.proxy.telemetry.Formatter;
import io.meltemi.proxy.telemetry.Stats;
import io.meltemi.proxy.telemetry.accesslog.AccessLogParser;
import io.meltemi.proxy.telemetry.accesslog.LogFiles;
import io.meltemi.proxy.transport.Secrets;
import io.meltemi.proxy.transport.TlsEngine;
import io.meltemi.proxy.transport.TransportSocketParser;
import io.meltemi.testing.FakeTicker;
import java.io.OutputStream;
import java.io.PrintStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class ListenerParserTest {
  private static final String ADDRESS =
      "'address':{'socket_address':{'address':'127.0.0.1','port_value':8080}}";
  private static final PrintStream NOWHERE = new PrintStream(OutputStream.nullOutputStream());
  private static final String TAIL =
      "{'name':'tail','typed_config':{'@type':"
          + "'type.googleapis.com/google.protobuf.StringValue','value':'x'}}";
  private static final String CHAIN = "'filter_chains':[{'filters':[" + TAIL + "]}]";

  /** Ends a chain; its text is the name of a route configuration. */
  private record Tail(String text) implements NetworkFilterConfig {
    @Override
    public void install(DownstreamConnection connection) {
      throw new UnsupportedOperationException();
    }

    @Override
    public Set<String> routeNames() {
      return Set.of(text);
    }
  }

  private static final class TailFactory implements NetworkFilterFactory {
    @Override
    public String name() {
      return "tail";
    }

    @Override
    public Set<String> typeUrls() {
      return Set.of("type.googleapis.com/google.protobuf.StringValue");
    }

    @Override
    public boolean isTerminal() {
      return true;
    }

    @Override
    public Optional<NetworkFilterConfig> parse(Any config, ParseScope scope) {
      return scope.unpack(config, StringValue.class).map(value -> new Tail(value.getValue()));
    }
  }

  private static Validation<Listener> parse(String json) {
    var proto = io.envoyproxy.envoy.config.listener.v3.Listener.newBuilder();
    try {
      JsonFormat.parser()
          .usingTypeRegistry(
              JsonFormat.TypeRegistry.newBuilder()
                  .add(StringValue.getDescriptor())
                  .add(TlsInspector.getDescriptor())
                  .add(DownstreamTlsContext.getDescriptor())
                  .add(IPMatcher.getDescriptor())
                  .add(DestinationIPInput.getDescriptor())
                  .add(DestinationPortInput.getDescriptor())
                  .add(ApplicationProtocolInput.getDescriptor())
                  .build())
          .merge(json.replace('\'', '"').replace('`', '\''), proto);
    } catch (InvalidProtocolBufferException e) {
      throw new IllegalArgumentException(json, e);
    }
    Stats stats = new Stats();
    try (LogFiles files = new LogFiles(stats, Ticker.system(), 1_000_000_000L, NOWHERE, NOWHERE)) {
      return new ListenerParser(
              List.of(new TailFactory()),
              List.of(new TlsInspectorFactory()),
              new AccessLogParser(
                  files, Formatter.Sources.of(new FakeTicker()), List.of(), List.of()),
              new TransportSocketParser(new Secrets(), TlsEngine::best, new FakeTicker()),
              stats)
          .parse(proto.build(), Origin.of("test"));
    }
  }

  @Test
  void parsesEverythingThatCounts() {
    Listener listener =
        parse(
                """
                {'name':'0.0.0.0_80','traffic_direction':'INBOUND','bind_to_port':false,
                 'use_original_dst':true,'continue_on_listener_filters_timeout':true,
                 'listener_filters_timeout':'0s','per_connection_buffer_limit_bytes':32768,
                 'tcp_backlog_size':7,'enable_reuse_port':false,
                 'connection_balance_config':{'exact_balance':{}},
                 %s,'additional_addresses':[{'address':{'socket_address':
                    {'address':'::1','port_value':8081}}}],
                 'listener_filters':[{'name':'tls','typed_config':{'@type':
                  'type.googleapis.com/envoy.extensions.filters.listener.tls_inspector.v3.TlsInspector'
                  }}],
                 'filter_chains':[{'name':'c','filter_chain_match':{'destination_port':80,
                   'prefix_ranges':[{'address_prefix':'10.1.2.3','prefix_len':8}],
                   'server_names':['*.A.com'],'transport_protocol':'tls',
                   'application_protocols':['h2'],'source_type':'EXTERNAL','source_ports':[1]},
                   'filters':[%s]}],
                 'default_filter_chain':{'name':'d','filters':[%s]}}
                """
                    .formatted(ADDRESS, TAIL, TAIL.replace("'x'", "'y'")))
            .orElseThrow();
    assertEquals(
        List.of("127.0.0.1:8080", "[0:0:0:0:0:0:0:1]:8081"),
        listener.binding().addresses().stream().map(ListenerSockets::text).toList());
    assertFalse(listener.binding().bindToPort());
    assertFalse(listener.binding().reusePort());
    assertEquals(7, listener.binding().backlog());
    assertEquals(1, listener.peeking().filters().size());
    assertTrue(listener.peeking().handOff());
    assertTrue(listener.peeking().continueOnTimeout());
    assertEquals(0, listener.peeking().timeoutNanos());
    assertEquals(Listener.Direction.INBOUND, listener.options().direction());
    assertEquals(32768, listener.options().bufferBytesMax());
    assertEquals("127.0.0.1_8080", listener.options().statPrefix());
    FilterChainMatch match = listener.chains().chains().getFirst().match();
    assertEquals("10.0.0.0/8", match.destinations().getFirst().toString());
    assertEquals(List.of("*.a.com"), match.serverNames());
    assertEquals(Set.of("x", "y"), listener.routeNames());
  }

  @Test
  void defaultsAreEnvoys() {
    Listener listener = parse("{" + ADDRESS + "," + CHAIN + "}").orElseThrow();
    assertEquals("127.0.0.1:8080", listener.name());
    assertTrue(listener.binding().bindToPort());
    assertEquals(15_000_000_000L, listener.peeking().timeoutNanos());
    assertEquals(1024 * 1024, listener.options().bufferBytesMax());
  }

  @Test
  void aListenerInsideHasANameAndNoAddress() {
    Listener listener =
        parse("{'name':'inner','internal_listener':{}," + CHAIN + "}").orElseThrow();
    assertTrue(listener.binding().isInside());
    assertEquals(List.of(), listener.binding().addresses());
    assertEquals("envoy_internal_inner", listener.options().statPrefix());
    assertRefused("{'internal_listener':{}," + CHAIN + "}", "name");
  }

  @ParameterizedTest
  @CsvSource({
    "10.1.2.3,80,,port",
    "10.1.2.3,81,http/1.1,http",
    "10.1.2.3,81,,tcp",
    "10.1.9.9,80,,wide",
    "10.1.2.3,82,,wide",
    "11.0.0.1,80,,"
  })
  void aTreeChoosesTheChain(String ip, int port, String protocol, String chain)
      throws UnknownHostException {
    String leaf =
        "{'action':{'name':'x','typed_config':{'@type':"
            + "'type.googleapis.com/google.protobuf.StringValue','value':'%s'}}}";
    String input =
        "{'name':'i','typed_config':{'@type':'type.googleapis.com/"
            + "envoy.extensions.matching.common_inputs.network.v3.%s'}}";
    String detected =
        "{'matcher':{'matcher_tree':{'input':%s,'exact_match_map':{'map':{'`http/1.1`':%s}}},"
                .formatted(input.formatted("ApplicationProtocolInput"), leaf.formatted("http"))
            + "'on_no_match':"
            + leaf.formatted("tcp")
            + "}}";
    String ports =
        "{'matcher':{'matcher_tree':{'input':%s,'exact_match_map':{'map':{'80':%s,'81':%s}}}}}"
            .formatted(input.formatted("DestinationPortInput"), leaf.formatted("port"), detected);
    String tree =
        ("{'matcher_tree':{'input':%s,'custom_match':{'name':'ip','typed_config':{'@type':"
                + "'type.googleapis.com/xds.type.matcher.v3.IPMatcher','range_matchers':["
                + "{'ranges':[{'address_prefix':'10.1.0.0','prefix_len':16}],'on_match':%s},"
                + "{'ranges':[{'address_prefix':'10.1.2.3','prefix_len':32}],'on_match':%s}]}}}}")
            .formatted(input.formatted("DestinationIPInput"), leaf.formatted("wide"), ports);
    String chains =
        Stream.of("port", "http", "tcp", "wide")
            .map(name -> "{'name':'" + name + "','filters':[" + TAIL + "]}")
            .collect(Collectors.joining(","));
    Listener listener =
        parse(
                "{'name':'inner','internal_listener':{},'filter_chains':["
                    + chains
                    + "],'filter_chain_matcher':"
                    + tree
                    + "}")
            .orElseThrow();
    InetSocketAddress client = new InetSocketAddress(InetAddress.getByName("10.9.9.9"), 4000);
    FilterChain found =
        listener
            .chains()
            .matcher()
            .match(
                new FilterChainMatcher.Query(
                    new InetSocketAddress(InetAddress.getByName(ip), port),
                    client,
                    client,
                    "",
                    "raw_buffer",
                    protocol == null ? List.of() : List.of(protocol)),
                MatchTrace.NONE);
    assertEquals(chain == null ? "" : chain, found == null ? "" : found.name());
  }

  @Test
  void fingerprintsTellEqualFromChanged() {
    Listener first = parse("{'name':'l'," + ADDRESS + "," + CHAIN + "}").orElseThrow();
    Listener same = parse("{'name':'l'," + ADDRESS + "," + CHAIN + "}").orElseThrow();
    Listener changed =
        parse("{'name':'l','use_original_dst':true," + ADDRESS + "," + CHAIN + "}").orElseThrow();
    assertEquals(first.fingerprint(), same.fingerprint());
    assertNotEquals(first.fingerprint(), changed.fingerprint());
    assertEquals(
        first.chains().chains().getFirst().fingerprint(),
        changed.chains().chains().getFirst().fingerprint());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '~',
      value = {
        "'transparent':true | transparent",
        "'freebind':true | freebind",
        "'udp_listener_config':{} | udp_listener_config",
        "'name':'inner','internal_listener':{} | address",
        "'filter_chain_matcher':{'on_no_match':{'action':{'name':'x','typed_config':{'@type':"
            + "'type.googleapis.com/google.protobuf.StringValue','value':'none'}}}}"
            + " | filter_chain_matcher.on_no_match.action.typed_config",
        "'filter_chain_matcher':{'matcher_tree':{'input':{'name':'ip','typed_config':{'@type':"
            + "'type.googleapis.com/google.protobuf.StringValue'}},'exact_match_map':{'map':{'a':"
            + "{'action':{'name':'x','typed_config':{'@type':"
            + "'type.googleapis.com/google.protobuf.StringValue','value':''}}}}}}}"
            + " | filter_chain_matcher.matcher_tree.input.typed_config",
        "'api_listener':{} | api_listener",
        "'enable_mptcp':true | enable_mptcp",
        "'listener_filters_timeout':'-1s' | listener_filters_timeout",
        "'listener_filters':[{'name':'proxy_protocol'}] | listener_filters[0].typed_config",
        "'listener_filters':[{'name':'t','filter_disabled':{'destination_port_range':"
            + "{'start':5,'end':5}},'typed_config':"
            + "{'@type':'type.googleapis.com/envoy.extensions.filters.listener.tls_inspector.v3"
            + ".TlsInspector'}}]"
            + " | listener_filters[0].filter_disabled.destination_port_range",
        "'listener_filters':[{'name':'t','typed_config':{'enable_ja3_fingerprinting':true,"
            + "'@type':'type.googleapis.com/envoy.extensions.filters.listener.tls_inspector.v3"
            + ".TlsInspector'}}] | listener_filters[0].typed_config.enable_ja3_fingerprinting"
      })
  void refusesFieldsByPath(String field, String path) {
    assertRefused("{" + ADDRESS + "," + CHAIN + "," + field + "}", path);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '~',
      value = {
        "'filter_chain_match':{'address_suffix':'x'} | filter_chain_match.address_suffix",
        "'filter_chain_match':{'destination_port':70000} | filter_chain_match.destination_port",
        "'filter_chain_match':{'server_names':['a*.com']} | filter_chain_match.server_names[0]",
        "'filter_chain_match':{'prefix_ranges':[{'address_prefix':'x'}]}"
            + " | filter_chain_match.prefix_ranges[0].address_prefix",
        "'filter_chain_match':{'prefix_ranges':[{'address_prefix':'10.0.0.0','prefix_len':33}]}"
            + " | filter_chain_match.prefix_ranges[0].prefix_len",
        "'transport_socket':{'name':'tls','typed_config':{'@type':'type.googleapis.com/envoy"
            + ".extensions.transport_sockets.tls.v3.DownstreamTlsContext'}}"
            + " | transport_socket.typed_config.common_tls_context.tls_certificates",
        "'use_proxy_proto':true | use_proxy_proto"
      })
  void refusesChainsByPath(String field, String path) {
    assertRefused(
        "{" + ADDRESS + ",'filter_chains':[{'filters':[" + TAIL + "]," + field + "}]}",
        "filter_chains[0]." + path);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '~',
      value = {
        "{'name':'rbac'} | filters[0].typed_config",
        "{'name':'r','config_discovery':{}} | filters[0].config_discovery",
        TAIL + "," + TAIL + " | filters[0]"
      })
  void refusesFiltersByPath(String filters, String path) {
    assertRefused(
        "{" + ADDRESS + ",'filter_chains':[{'filters':[" + filters + "]}]}",
        "filter_chains[0]." + path);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '~',
      value = {
        "{'pipe':{'path':'/x'}} | address.pipe",
        "{} | address",
        "{'socket_address':{'address':'name','port_value':1}} | address.socket_address.address",
        "{'socket_address':{'address':'::1','port_value':70000}}"
            + " | address.socket_address.port_value",
        "{'socket_address':{'address':'::1','protocol':'UDP','port_value':1}}"
            + " | address.socket_address.protocol",
        "{'socket_address':{'address':'::1','named_port':'http'}}"
            + " | address.socket_address.named_port"
      })
  void refusesAddressesByPath(String address, String path) {
    assertRefused("{'address':" + address + "," + CHAIN + "}", path);
  }

  @Test
  void refusesListenerWithoutChainsAndChainsThatAskTheSame() {
    assertRefused("{" + ADDRESS + "}", "filter_chains");
    assertRefused(
        "{" + ADDRESS + ",'filter_chains':[{'filters':[" + TAIL + "]},{'filters':[" + TAIL + "]}]}",
        "filter_chains");
  }

  private static void assertRefused(String json, String path) {
    List<Violation> errors = parse(json).errors();
    assertEquals(List.of(path), errors.stream().map(Violation::path).toList(), errors::toString);
  }
}
