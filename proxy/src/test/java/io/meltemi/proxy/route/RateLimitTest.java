package io.meltemi.proxy.route;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.meltemi.common.time.Ticker;
import io.meltemi.proxy.header.HeaderBlock;
import io.meltemi.proxy.header.HeaderName;
import io.meltemi.proxy.http.filter.FilterJson;
import io.meltemi.proxy.parse.Metadata;
import io.meltemi.proxy.parse.ParseScope;
import io.meltemi.proxy.telemetry.StreamInfo;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class RateLimitTest {
  private final HeaderBlock headers = new HeaderBlock();
  private final StreamInfo info = new StreamInfo();
  private final Metadata routeMetadata =
      new Metadata(Map.of("ns", Map.of("tier", "gold", "n", 1.0)));

  RateLimitTest() {
    headers.add(HeaderName.PATH, "/p?a=1&b=x%20y&c&a=2#q=3");
    headers.add(HeaderName.of("x-user"), "joe");
    headers.add(HeaderName.of("x-user"), "second");
    info.downstreamRemoteAddress = new InetSocketAddress("10.1.2.3", 99);
    info.requestHeaders = headers;
    info.dynamicMetadata.add("ns", Map.of("tier", "silver", "hits", 7.0));
    info.dynamicMetadata.add(
        "envoy.lb", Map.of("limit", Map.of("requests_per_unit", 42.0, "unit", "HOUR")));
  }

  private List<RateLimit> parse(String json, ParseScope scope) {
    return new RateLimitParser(Ticker.system())
        .parse(
            FilterJson.merge(
                    "{'rate_limits':" + json + "}",
                    io.envoyproxy.envoy.config.route.v3.VirtualHost.newBuilder())
                .getRateLimitsList(),
            scope);
  }

  private List<RateLimitDescriptor> describe(String json, int stage) {
    ParseScope scope = FilterJson.scope();
    List<RateLimit> limits = parse(json, scope);
    assertEquals(List.of(), FilterJson.errors(scope));
    List<RateLimitDescriptor> out = new ArrayList<>();
    RateLimit.describe(limits, stage, facts(), out);
    return out;
  }

  private RateLimit.Facts facts() {
    return new RateLimit.Facts(headers, info, new RateLimit.Facts.Node("me", "up"), routeMetadata);
  }

  private static String text(List<RateLimitDescriptor> descriptors) {
    return descriptors.stream()
        .map(
            descriptor ->
                descriptor.entries().stream()
                    .map(entry -> entry.key() + "=" + entry.value())
                    .collect(Collectors.joining(",")))
        .collect(Collectors.joining(" "));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{'source_cluster':{}} | source_cluster=me",
        "{'destination_cluster':{}} | destination_cluster=up",
        "{'remote_address':{}} | remote_address=10.1.2.3",
        "{'masked_remote_address':{}} | masked_remote_address=10.1.2.3/32",
        "{'masked_remote_address':{'v4_prefix_mask_len':20}} | masked_remote_address=10.1.0.0/20",
        "{'masked_remote_address':{'v4_prefix_mask_len':0}} | masked_remote_address=0.0.0.0/0",
        "{'generic_key':{'descriptor_value':'v'}} | generic_key=v",
        "{'generic_key':{'descriptor_key':'k','descriptor_value':'%REQ(x-user)%!'}} | k=joe!",
        "{'request_headers':{'header_name':'x-user','descriptor_key':'u'}} | u=joe",
        "{'request_headers':{'header_name':'x-no','descriptor_key':'u'}} | ''",
        "{'query_parameters':{'query_parameter_name':'b','descriptor_key':'q'}} | q=x y",
        "{'query_parameters':{'query_parameter_name':'a','descriptor_key':'q'}} | q=1",
        "{'query_parameters':{'query_parameter_name':'c','descriptor_key':'q'}} | q=",
        "{'query_parameters':{'query_parameter_name':'q','descriptor_key':'q'}} | ''",
        "{'header_value_match':{'descriptor_value':'m','headers':[{'name':'x-user'}]}} | header_match=m",
        "{'header_value_match':{'descriptor_value':'m','headers':[{'name':'x-no'}]}} | ''",
        "{'header_value_match':{'descriptor_key':'k','descriptor_value':'m','expect_match':false,'headers':[{'name':'x-no'}]}} | k=m",
        "{'query_parameter_value_match':{'descriptor_value':'m','query_parameters':[{'name':'a','string_match':{'exact':'1'}}]}} | query_match=m",
        "{'query_parameter_value_match':{'descriptor_value':'m','query_parameters':[{'name':'z','present_match':true}]}} | ''",
        "{'metadata':{'descriptor_key':'k','metadata_key':{'key':'ns','path':[{'key':'tier'}]}}} | k=silver",
        "{'metadata':{'descriptor_key':'k','source':'ROUTE_ENTRY','metadata_key':{'key':'ns','path':[{'key':'tier'}]}}} | k=gold",
        "{'metadata':{'descriptor_key':'k','default_value':'d','metadata_key':{'key':'ns','path':[{'key':'n'}]}}} | k=d",
        "{'metadata':{'descriptor_key':'k','metadata_key':{'key':'no','path':[{'key':'n'}]}}} | ''",
      })
  void eachActionMakesItsEntry(String action, String expected) {
    assertEquals(expected, text(describe("[{'actions':[" + action + "]}]", 0)));
  }

  @Test
  void allActionsOrNone() {
    String present = "{'remote_address':{}}";
    String absent = "{'request_headers':{'header_name':'x-no','descriptor_key':'u'%s}}";
    assertEquals(
        "", text(describe("[{'actions':[" + present + "," + absent.formatted("") + "]}]", 0)));
    String skipped = absent.formatted(",'skip_if_absent':true");
    assertEquals(
        "remote_address=10.1.2.3",
        text(describe("[{'actions':[" + present + "," + skipped + "]}]", 0)));
    assertEquals("", text(describe("[{'actions':[" + skipped + "]}]", 0)));
  }

  @Test
  void stagesHitsAndLimits() {
    String json =
        "[{'stage':1,'actions':[{'remote_address':{}}],'hits_addend':{'number':'5'},"
            + "'limit':{'dynamic_metadata':{'metadata_key':"
            + "{'key':'envoy.lb','path':[{'key':'limit'}]}}}},"
            + "{'stage':2,'actions':[{'remote_address':{}}],"
            + "'hits_addend':{'format':'%DYNAMIC_METADATA(ns:hits)%'}},"
            + "{'stage':2,'actions':[{'remote_address':{}}],"
            + "'hits_addend':{'format':'%DYNAMIC_METADATA(ns:tier)%'}}]";
    assertEquals(List.of(), describe(json, 0));
    RateLimitDescriptor first = describe(json, 1).getFirst();
    assertEquals(5, first.hits().orElseThrow());
    assertEquals(new RateLimitDescriptor.Limit(42, 3), first.limit().orElseThrow());
    List<RateLimitDescriptor> second = describe(json, 2);
    assertEquals(7, second.get(0).hits().orElseThrow());
    assertEquals(true, second.get(1).hits().isEmpty());
  }

  @ParameterizedTest
  @CsvSource({
    "true, OVERRIDE, false, r",
    "false, OVERRIDE, false, h",
    "true, INCLUDE, false, r h",
    "true, OVERRIDE, true, r h",
    "false, IGNORE, false, ''",
  })
  void theHostCountsAsChosen(
      boolean ofRoute, RateLimits.HostChoice choice, boolean includes, String expected) {
    List<RateLimit> route =
        parse("[{'actions':[{'generic_key':{'descriptor_value':'r'}}]}]", FilterJson.scope());
    List<RateLimit> host =
        parse("[{'actions':[{'generic_key':{'descriptor_value':'h'}}]}]", FilterJson.scope());
    List<RateLimitDescriptor> out = new ArrayList<>();
    new RateLimits(ofRoute ? route : List.of(), host, includes).describe(choice, 0, facts(), out);
    assertEquals(expected, text(out).replace("generic_key=", ""));
  }

  @Test
  void refusesByName() {
    ParseScope scope = FilterJson.scope();
    parse(
        "[{'stage':11},{'actions':[{}]},{'actions':[{'extension':{'name':'e'}}],"
            + "'hits_addend':{'number':'1000000001'}},"
            + "{'actions':[{'masked_remote_address':{'v4_prefix_mask_len':33}}]}]",
        scope);
    assertEquals(
        List.of(
            "rate_limits[0].stage: 11 | 0 to 10",
            "rate_limits[0].actions: none | at least one",
            "rate_limits[1].actions[0]: no action | one action",
            "rate_limits[2].actions[0].extension: set | nothing: this proxy does not support it yet",
            "rate_limits[2].hits_addend.number: 1000000001 | at most 1000000000",
            "rate_limits[3].actions[0].masked_remote_address.v4_prefix_mask_len: 33 | 0 to 32"),
        FilterJson.errors(scope));
  }
}
