package io.meltemi.proxy.route;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.meltemi.common.validation.Violation;
import io.meltemi.proxy.header.HeaderBlock;
import io.meltemi.proxy.header.HeaderName;
import io.meltemi.proxy.matcher.MatchTrace;
import io.meltemi.proxy.telemetry.FormatOutput;
import io.meltemi.proxy.telemetry.StreamInfo;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class RouteTableParserTest {
  private static final String ROUTE = "virtual_hosts[0].routes[0].";

  private static Route first(RouteTable table) {
    return table.virtualHosts().getFirst().routes().getFirst();
  }

  private static Route route(String text) {
    return first(RouteTables.routes(text));
  }

  @Test
  void parsesForwardAction() {
    Route route =
        route(
            """
            {'name':'n','match':{'prefix':'/'},'stat_prefix':'s',
             'decorator':{'operation':'op','propagate':false},
             'metadata':{'filter_metadata':{'istio':{'config':'/apis/x','n':[1,null]}}},
             'route':{'cluster':'c','cluster_not_found_response_code':'NOT_FOUND',
              'prefix_rewrite':'/v2','host_rewrite_literal':'other','append_x_forwarded_host':true,
              'timeout':'0s','idle_timeout':'1.5s','priority':'HIGH',
              'max_stream_duration':{'max_stream_duration':'3s','grpc_timeout_header_max':'0s'},
              'upgrade_configs':[{'upgrade_type':'WebSocket'},
                                 {'upgrade_type':'spdy','enabled':false}],
              'request_mirror_policies':[{'cluster':'m','runtime_fraction':
                {'default_value':{'numerator':5,'denominator':'TEN_THOUSAND'}}}],
              'hash_policy':[{'header':{'header_name':'X-H'},'terminal':true},
                {'cookie':{'name':'k','ttl':'0s','path':'/'}},
                {'connection_properties':{'source_ip':true}},
                {'query_parameter':{'name':'q'}}],
              'retry_policy':{'retry_on':'5xx,retriable-status-codes,nonsense, unavailable',
               'num_retries':4,'per_try_timeout':'2s','retriable_status_codes':[503],
               'host_selection_retry_max_attempts':'5','retry_host_predicate':[{'name':
                 'envoy.retry_host_predicates.previous_hosts'}],
               'retry_back_off':{'base_interval':'0.010s'}}}}
            """);
    RouteAction.Forward forward = assertInstanceOf(RouteAction.Forward.class, route.action());
    assertEquals(new ClusterSpecifier.Single("c"), forward.cluster());
    assertEquals(new RouteAction.PathRewrite.Prefix("/v2"), forward.pathRewrite());
    assertEquals(new RouteAction.HostRewrite.Literal("other"), forward.hostRewrite());
    assertEquals(new Timeouts(0, 1_500_000_000L, 3_000_000_000L, 0, 0, true), forward.timeouts());
    RetryPolicy retry = forward.retryPolicy().orElseThrow();
    assertEquals(
        Set.of(
            RetryPolicy.Condition.FIVE_XX,
            RetryPolicy.Condition.RETRIABLE_STATUS_CODES,
            RetryPolicy.Condition.UNAVAILABLE),
        retry.retryOn());
    assertEquals(4, retry.retriesMax());
    assertEquals(new RetryPolicy.BackOff(10_000_000, 100_000_000), retry.backOff());
    assertEquals(new RetryPolicy.HostSelection(true, 5), retry.hosts());
    assertEquals("5/10000", forward.mirrors().getFirst().share().toString());
    RouteAction.ForwardOptions options = forward.options();
    assertEquals(404, options.clusterNotFoundStatus());
    assertTrue(options.highPriority());
    assertEquals(4, options.hashPolicies().size());
    assertEquals(java.util.Map.of("websocket", true, "spdy", false), options.upgrades());
    assertEquals("op", route.labels().trace().operation());
    assertEquals(
        "/apis/x",
        route
            .labels()
            .metadata()
            .filters()
            .getOrDefault("istio", java.util.Map.of())
            .get("config"));
  }

  @Test
  void envoyDefaultsHold() {
    RouteAction.Forward forward =
        assertInstanceOf(
            RouteAction.Forward.class,
            route("{'match':{'prefix':'/'},'route':{'cluster':'c','retry_policy':{}}}").action());
    assertEquals(15_000_000_000L, forward.timeouts().responseNanos());
    assertEquals(Timeouts.UNSET, forward.timeouts().idleNanos());
    assertEquals(Timeouts.UNSET, forward.timeouts().grpcHeaderNanosMax());
    assertEquals(1, forward.retryPolicy().orElseThrow().retriesMax());
    assertEquals(RetryPolicy.BackOff.DEFAULT, forward.retryPolicy().orElseThrow().backOff());
    assertEquals(503, forward.options().clusterNotFoundStatus());
  }

  @Test
  void parsesRedirectAndDirectResponse() {
    assertEquals(
        new RouteAction.Redirect(
            308, "https", "h", 8443, new RouteAction.PathRewrite.Full("/p"), true),
        route(
                """
                {'match':{'prefix':'/'},'redirect':{'https_redirect':true,'host_redirect':'h',
                 'port_redirect':8443,'path_redirect':'/p','response_code':'PERMANENT_REDIRECT',
                 'strip_query':true}}
                """)
            .action());
    assertEquals(
        new RouteAction.DirectResponse(
            418, new RouteAction.Body("tea".getBytes(java.nio.charset.StandardCharsets.UTF_8))),
        route(
                """
                {'match':{'prefix':'/'},'direct_response':{'status':418,
                 'body':{'inline_string':'tea'}}}
                """)
            .action());
  }

  @Test
  void retryPolicyAndMirrorsComeFromVirtualHostUnlessRouteHasItsOwn() {
    RouteTable table =
        RouteTables.table(
            """
            {'request_mirror_policies':[{'cluster':'table'}],'virtual_hosts':[
              {'name':'a','domains':['*'],'retry_policy':{'num_retries':7},
               'include_request_attempt_count':true,'routes':[
                {'match':{'prefix':'/'},'route':{'cluster':'c'}},
                {'match':{'prefix':'/'},'route':{'cluster':'c','retry_policy':{},
                  'request_mirror_policies':[{'cluster':'own'}]}}]}]}
            """);
    List<Route> routes = table.virtualHosts().getFirst().routes();
    RouteAction.Forward inheriting = (RouteAction.Forward) routes.getFirst().action();
    RouteAction.Forward own = (RouteAction.Forward) routes.getLast().action();
    assertEquals(7, inheriting.retryPolicy().orElseThrow().retriesMax());
    assertEquals(1, own.retryPolicy().orElseThrow().retriesMax());
    assertEquals(new ClusterSpecifier.Single("table"), inheriting.mirrors().getFirst().cluster());
    assertEquals(new ClusterSpecifier.Single("own"), own.mirrors().getFirst().cluster());
    assertTrue(inheriting.options().includeAttemptCount());
  }

  @Test
  void mostSpecificFilterConfigIsInForce() {
    RouteTable table =
        RouteTables.table(
            """
            {'typed_per_filter_config':{'f':%1$s'table'},'g':%1$s'table'}},
             'virtual_hosts':[{'name':'a','domains':['*'],
               'typed_per_filter_config':{'f':%1$s'host'}},
               'routes':[{'match':{'prefix':'/'},'route':{'weighted_clusters':{'clusters':[
                  {'name':'c','weight':1,'typed_per_filter_config':{'f':%1$s'share'}}}]}}}]}]}
            """
                .formatted("{'@type':'type.googleapis.com/google.protobuf.StringValue','value':"));
    Route route = first(table);
    assertEquals(new RouteTables.Marker("host"), route.filterConfigs().get("f"));
    assertEquals(new RouteTables.Marker("table"), route.filterConfigs().get("g"));
    RouteAction.Forward forward = (RouteAction.Forward) route.action();
    ClusterSpecifier.Share share =
        ((ClusterSpecifier.Weighted) forward.cluster()).shares().getFirst();
    assertEquals(new RouteTables.Marker("share"), share.filterConfigs().get("f"));
    assertEquals(new RouteTables.Marker("table"), share.filterConfigs().get("g"));
  }

  @ParameterizedTest
  @CsvSource({"false, 'share,route,host,table'", "true, 'table,host,route,share'"})
  void headersApplyFromMostToLeastSpecific(boolean specificWins, String expected) {
    String add = "'request_headers_to_add':[{'header':{'key':'x-at','value':'%s'}}]";
    RouteTable table =
        RouteTables.table(
            "{'most_specific_header_mutations_wins':"
                + specificWins
                + ","
                + add.formatted("table")
                + ",'virtual_hosts':[{'name':'a','domains':['*'],"
                + add.formatted("host")
                + ",'routes':[{'match':{'prefix':'/'},"
                + add.formatted("route")
                + ",'route':{'weighted_clusters':{'clusters':[{'name':'c','weight':1,"
                + add.formatted("share")
                + "}]}}}]}]}");
    FakeRequest request = new FakeRequest("h", "/");
    Route route = table.match(request, MatchTrace.NONE);
    assertNotNull(route);
    RouteAction.Forward forward = (RouteAction.Forward) route.action();
    ClusterSpecifier.Share share =
        ((ClusterSpecifier.Weighted) forward.cluster()).choose(0, request.headers());
    share.headers().request().apply(request.headers(), new StreamInfo(), new FormatOutput());
    HeaderBlock headers = request.headers();
    HeaderName name = HeaderName.of("x-at");
    StringBuilder order = new StringBuilder();
    for (int i = headers.find(name); i >= 0; i = headers.findNext(name, i)) {
      order.append(order.isEmpty() ? "" : ",").append(headers.value(i));
    }
    assertEquals(expected, order.toString());
  }

  @Test
  void headerActionsAndFormats() {
    Route route =
        route(
            """
            {'match':{'prefix':'/'},'route':{'cluster':'c'},
             'request_headers_to_remove':['x-gone'],
             'request_headers_to_add':[
              {'header':{'key':'X-Append','value':'2'}},
              {'header':{'key':'x-over','value':'new'},
               'append_action':'OVERWRITE_IF_EXISTS_OR_ADD'},
              {'header':{'key':'x-if','value':'new'},'append_action':'OVERWRITE_IF_EXISTS'},
              {'header':{'key':'x-if-not','value':'new'},'append_action':'OVERWRITE_IF_EXISTS'},
              {'header':{'key':'x-absent','value':'new'},'append_action':'ADD_IF_ABSENT'},
              {'header':{'key':'x-absent','value':'newer'},'append_action':'ADD_IF_ABSENT'},
              {'header':{'key':'x-there','value':'new'},'append_action':'ADD_IF_ABSENT'},
              {'header':{'key':'x-old-flag','value':'new'},'append':false},
              {'header':{'key':'x-empty','value':'%REQ(none)%'}},
              {'header':{'key':'x-kept','value':'%REQ(none)%'},'keep_empty_value':true},
              {'header':{'key':'x-format','value':
               '100%% %REQ(:path)% %DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT% %PROTOCOL%'}}]}
            """);
    HeaderBlock headers =
        new FakeRequest(
                "h",
                "/p",
                "x-append: 1",
                "x-over: old",
                "x-over: older",
                "x-if: old",
                "x-there: old",
                "x-old-flag: old",
                "x-gone: 1")
            .headers();
    StreamInfo info = new StreamInfo();
    info.requestHeaders = headers;
    info.protocol = "HTTP/1.1";
    info.downstreamRemoteAddress = new InetSocketAddress("10.1.2.3", 99);
    route.headers().request().apply(headers, info, new FormatOutput());
    assertEquals(
        """
        :method: GET
        :authority: h
        :path: /p
        x-append: 1
        x-over: new
        x-if: new
        x-there: old
        x-old-flag: new
        x-append: 2
        x-absent: new
        x-absent: newer
        x-kept:\s
        x-format: 100% /p 10.1.2.3 HTTP/1.1
        """,
        headers.toString());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        // set fields that are not supported, named by path
        "{'match':{'path_match_policy':{}},'route':{'cluster':'c'}} | match.path_match_policy",
        "{'match':{'prefix':'/','tls_context':{}},'route':{'cluster':'c'}} | match.tls_context",
        "{'match':{'prefix':'/','dynamic_metadata':[{}]},'route':{'cluster':'c'}}"
            + " | match.dynamic_metadata",
        "{'match':{'prefix':'/'},'route':{'cluster':'c','cors':{}}} | route.cors",
        "{'match':{'prefix':'/'},'route':{'cluster':'c','rate_limits':[{}]}} | route.rate_limits[0].actions",
        "{'match':{'prefix':'/'},'route':{'cluster':'c','hedge_policy':{}}} | route.hedge_policy",
        "{'match':{'prefix':'/'},'route':{'cluster':'c','metadata_match':{}}}"
            + " | route.metadata_match",
        "{'match':{'prefix':'/'},'route':{'cluster_specifier_plugin':'p'}}"
            + " | route.cluster_specifier_plugin",
        "{'match':{'prefix':'/'},'tracing':{'custom_tags':[{'tag':'t'}]},'route':{'cluster':'c'}} | tracing.custom_tags[0]",
        "{'match':{'prefix':'/'},'route':{'cluster':'c','retry_policy':{'retry_priority':"
            + "{'name':'p'}}}} | route.retry_policy.retry_priority",
        "{'match':{'prefix':'/'},'route':{'cluster':'c','retry_policy':{'retry_host_predicate':"
            + "[{'name':'p'}]}}} | route.retry_policy.retry_host_predicate[0]",
        "{'match':{'prefix':'/'},'direct_response':{'status':200,'body':{'filename':'/f'}}}"
            + " | direct_response.body.filename",
        "{'match':{'prefix':'/'},'filter_action':{}} | filter_action",
        // values that cannot be
        "{'match':{'prefix':'/'}} | ''",
        "{'match':{},'route':{'cluster':'c'}} | match",
        "{'match':{'safe_regex':{'regex':'('}},'route':{'cluster':'c'}} | match.safe_regex.regex",
        "{'match':{'path_separated_prefix':'/a/'},'route':{'cluster':'c'}}"
            + " | match.path_separated_prefix",
        "{'match':{'prefix':'/'},'route':{'cluster':''}} | route.cluster",
        "{'match':{'prefix':'/'},'route':{}} | route",
        "{'match':{'prefix':'/'},'route':{'cluster':'c','timeout':'-1s'}} | route.timeout",
        "{'match':{'prefix':'/'},'route':{'weighted_clusters':{'clusters':[{'name':'a'}]}}}"
            + " | route.weighted_clusters.clusters",
        "{'match':{'prefix':'/'},'direct_response':{'status':99}} | direct_response.status",
        "{'match':{'prefix':'/'},'route':{'cluster':'c','regex_rewrite':{'pattern':{'regex':'a'},"
            + "'substitution':'\\\\1'}}} | route.regex_rewrite.substitution",
        "{'match':{'prefix':'/'},'route':{'cluster':'c'},'request_headers_to_add':"
            + "[{'header':{'key':':path','value':'x'}}]} | request_headers_to_add[0].header.key",
        "{'match':{'prefix':'/'},'route':{'cluster':'c'},'response_headers_to_remove':['host']}"
            + " | response_headers_to_remove[0]",
        "{'match':{'prefix':'/'},'route':{'cluster':'c'},'request_headers_to_add':"
            + "[{'header':{'key':'x','value':'%NOPE%'}}]} | request_headers_to_add[0].header.value",
        "{'match':{'prefix':'/'},'route':{'cluster':'c'},'request_headers_to_add':"
            + "[{'header':{'key':'x','value':'a\\nb'}}]} | request_headers_to_add[0].header.value",
        "{'match':{'prefix':'/'},'route':{'cluster':'c'},'typed_per_filter_config':{'unknown':"
            + "{'@type':'type.googleapis.com/google.protobuf.StringValue','value':''}}}"
            + " | typed_per_filter_config[unknown]"
      })
  void refusesByPath(String routeText, String path) {
    List<Violation> errors =
        RouteTables.parse(
                "{'virtual_hosts':[{'name':'a','domains':['*'],'routes':[" + routeText + "]}]}")
            .errors();
    String full = ROUTE + path;
    assertEquals(
        List.of(path.isEmpty() ? full.substring(0, full.length() - 1) : full),
        errors.stream().map(Violation::path).toList(),
        errors::toString);
  }

  @Test
  void collectsAllErrorsOfTable() {
    List<Violation> errors =
        RouteTables.parse(
                """
                {'vhds':{},'internal_only_headers':['x'],'virtual_hosts':[
                  {'name':'a','domains':['x.com','*']},
                  {'name':'','domains':['X.com'],'virtual_clusters':[{}]},
                  {'name':'c','domains':['*']},
                  {'name':'d'}]}
                """)
            .errors();
    assertEquals(
        Set.of(
            "vhds",
            "internal_only_headers",
            "virtual_hosts[1].domains[0]",
            "virtual_hosts[1].name",
            "virtual_hosts[1].virtual_clusters[0].name",
            "virtual_hosts[1].virtual_clusters[0].headers",
            "virtual_hosts[2].domains[0]",
            "virtual_hosts[3].domains"),
        errors.stream().map(Violation::path).collect(java.util.stream.Collectors.toSet()));
  }

  @Test
  void refusesLargeDirectResponseBody() {
    String body = "x".repeat(4097);
    String route =
        "{'virtual_hosts':[{'name':'a','domains':['*'],'routes':[{'match':{'prefix':'/'},"
            + "'direct_response':{'status':200,'body':{'inline_string':'"
            + body
            + "'}}}]}]%s}";
    assertEquals(1, RouteTables.parse(route.formatted("")).errors().size());
    assertTrue(
        RouteTables.parse(route.formatted(",'max_direct_response_body_size_bytes':4097"))
            .isValid());
  }
}
