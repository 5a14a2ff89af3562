package io.meltemi.proxy.http.filter.rbac;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.github.xds.type.matcher.v3.CelMatcher;
import com.google.protobuf.Any;
import com.google.protobuf.Message;
import io.envoyproxy.envoy.config.rbac.v3.Action;
import io.envoyproxy.envoy.extensions.filters.http.rbac.v3.RBAC;
import io.envoyproxy.envoy.extensions.matching.common_inputs.network.v3.ApplicationProtocolInput;
import io.envoyproxy.envoy.extensions.matching.common_inputs.network.v3.DestinationIPInput;
import io.envoyproxy.envoy.extensions.matching.common_inputs.network.v3.DestinationPortInput;
import io.envoyproxy.envoy.extensions.matching.common_inputs.network.v3.DirectSourceIPInput;
import io.envoyproxy.envoy.extensions.matching.common_inputs.network.v3.DynamicMetadataInput;
import io.envoyproxy.envoy.extensions.matching.common_inputs.network.v3.ServerNameInput;
import io.envoyproxy.envoy.extensions.matching.common_inputs.network.v3.SourceIPInput;
import io.envoyproxy.envoy.extensions.matching.input_matchers.ip.v3.Ip;
import io.envoyproxy.envoy.extensions.matching.input_matchers.metadata.v3.Metadata;
import io.envoyproxy.envoy.type.matcher.v3.HttpRequestHeaderMatchInput;
import io.meltemi.common.time.Ticker;
import io.meltemi.proxy.cel.CelExpressions;
import io.meltemi.proxy.http.FilterStatus;
import io.meltemi.proxy.http.HttpFilter;
import io.meltemi.proxy.http.filter.FakeFilterContext;
import io.meltemi.proxy.http.filter.FilterJson;
import io.meltemi.proxy.parse.ParseScope;
import io.meltemi.proxy.telemetry.Stats;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Access rules written as match trees. */
final class RbacMatcherTest {
  private static final Message[] KNOWN = {
    Action.getDefaultInstance(),
    SourceIPInput.getDefaultInstance(),
    DirectSourceIPInput.getDefaultInstance(),
    DestinationIPInput.getDefaultInstance(),
    DestinationPortInput.getDefaultInstance(),
    ServerNameInput.getDefaultInstance(),
    ApplicationProtocolInput.getDefaultInstance(),
    DynamicMetadataInput.getDefaultInstance(),
    HttpRequestHeaderMatchInput.getDefaultInstance(),
    Ip.getDefaultInstance(),
    Metadata.getDefaultInstance(),
    CelMatcher.getDefaultInstance(),
  };

  private static RbacConfig config(String json, ParseScope scope) {
    RBAC proto = FilterJson.merge(expand(json), RBAC.newBuilder(), KNOWN).build();
    return (RbacConfig)
        new RbacFilterFactory(new CelExpressions(Ticker.system(), new Stats()))
            .parse(Any.pack(proto), scope)
            .orElseThrow();
  }

  /** Short forms: {@code ALLOW(name)}, {@code @SourceIPInput}, {@code @Ip} and so on. */
  private static String expand(String json) {
    String network = "type.googleapis.com/envoy.extensions.matching.common_inputs.network.v3.";
    return json.replaceAll(
            "(ALLOW|DENY|LOG)\\(([^)]*)\\)",
            "'action':{'name':'a','typed_config':{'@type':"
                + "'type.googleapis.com/envoy.config.rbac.v3.Action','name':'$2','action':'$1'}}")
        .replaceAll(
            "@(\\w+IPInput|DestinationPortInput|ServerNameInput|ApplicationProtocolInput|"
                + "DynamicMetadataInput)",
            "'@type':'" + network + "$1'")
        .replace(
            "@Header",
            "'@type':'type.googleapis.com/envoy.type.matcher.v3.HttpRequestHeaderMatchInput'")
        .replace(
            "@Ip",
            "'@type':'type.googleapis.com/envoy.extensions.matching.input_matchers.ip.v3.Ip',"
                + "'stat_prefix':'s'")
        .replace(
            "@Metadata",
            "'@type':'type.googleapis.com/"
                + "envoy.extensions.matching.input_matchers.metadata.v3.Metadata'")
        .replace("@Cel", "'@type':'type.googleapis.com/xds.type.matcher.v3.CelMatcher'");
  }

  private static String input(String typed) {
    return "'input':{'name':'i','typed_config':{" + typed + "}}";
  }

  private static String single(String typed, String match) {
    return "{'single_predicate':{" + input(typed) + "," + match + "}}";
  }

  private static String list(String predicate) {
    return "{'matcher':{'matcher_list':{'matchers':[{'predicate':"
        + predicate
        + ",'on_match':{DENY(no way)}}]},'on_no_match':{ALLOW(else)}}}";
  }

  private static String ask(String json, FakeFilterContext context) {
    ParseScope scope = FilterJson.scope();
    HttpFilter filter = config(json, scope).newFilter(context);
    assertEquals(List.of(), FilterJson.errors(scope));
    context.replied = "";
    FilterStatus status = filter.decodeHeaders(context.request, true);
    return status == FilterStatus.CONTINUE ? "passed" : context.replied;
  }

  private static final String DENIED =
      "403 RBAC: access denied - rbac_access_denied_matched_policy[no_way]";

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '"',
      value = {
        "@Header,'header_name':'x-user' | 'value_match':{'exact':'joe'} | true",
        "@Header,'header_name':'x-user' | 'value_match':{'prefix':'JO','ignore_case':true} | true",
        "@Header,'header_name':'x-user' | 'value_match':{'safe_regex':{'regex':'j.e'}} | true",
        "@Header,'header_name':'x-no' | 'value_match':{'prefix':'j'} | false",
        "@DestinationPortInput | 'value_match':{'exact':'8080'} | true",
        "@DestinationIPInput | 'value_match':{'exact':'10.0.0.1'} | true",
        "@ServerNameInput | 'value_match':{'exact':''} | true",
        "@SourceIPInput | 'custom_match':{'name':'c','typed_config':{@Ip,'cidr_ranges':[{'address_prefix':'10.0.0.0','prefix_len':24}]}} | true",
        "@SourceIPInput | 'custom_match':{'name':'c','typed_config':{@Ip,'cidr_ranges':[{'address_prefix':'11.0.0.0','prefix_len':24},{'address_prefix':'::','prefix_len':0}]}} | false",
        "@DirectSourceIPInput | 'custom_match':{'name':'c','typed_config':{@Ip,'cidr_ranges':[{'address_prefix':'10.0.0.2','prefix_len':32}]}} | true",
        "@DynamicMetadataInput,'filter':'f','path':[{'key':'a'},{'key':'b'}] | 'custom_match':{'name':'c','typed_config':{@Metadata,'value':{'list_match':{'one_of':{'string_match':{'exact':'two'}}}}}} | true",
        "@DynamicMetadataInput,'filter':'f','path':[{'key':'z'}] | 'custom_match':{'name':'c','typed_config':{@Metadata,'value':{'string_match':{'exact':'two'}},'invert':true}} | true",
      })
  void asksEachInput(String input, String match, boolean denied) {
    try (FakeFilterContext context = new FakeFilterContext("GET", "x-user: joe")) {
      context
          .streamInfo()
          .dynamicMetadata
          .add("f", Map.of("a", Map.of("b", List.of("one", "two"))));
      context.streamInfo().downstreamRemoteAddress = context.facts.remoteAddress();
      assertEquals(denied ? DENIED : "passed", ask(list(single(input, match)), context));
    }
  }

  @ParameterizedTest
  @CsvSource({
    "and_matcher, joe, eu, true",
    "and_matcher, joe, us, false",
    "or_matcher, ann, eu, true",
    "or_matcher, ann, us, false",
  })
  void combinesPredicates(String kind, String user, String region, boolean denied) {
    String both =
        "{'predicate':["
            + single("@Header,'header_name':'x-user'", "'value_match':{'exact':'joe'}")
            + ","
            + single("@Header,'header_name':'x-region'", "'value_match':{'exact':'eu'}")
            + "]}";
    String predicate = "{'" + kind + "':" + both + "}";
    try (FakeFilterContext context =
        new FakeFilterContext("GET", "x-user: " + user, "x-region: " + region)) {
      assertEquals(denied ? DENIED : "passed", ask(list(predicate), context));
      assertEquals(
          denied ? "passed" : DENIED, ask(list("{'not_matcher':" + predicate + "}"), context));
    }
  }

  @Test
  void mapsChooseByTextAndTheLongestPrefix() {
    String exact =
        "{'matcher':{'matcher_tree':{"
            + input("@Header,'header_name':'x-user'")
            + ",'exact_match_map':{'map':{'joe':{ALLOW(joe)},'ann':{DENY(ann)}}}}}}";
    String prefixes =
        "{'matcher':{'matcher_tree':{"
            + input("@Header,'header_name':'x-user'")
            + ",'prefix_match_map':{'map':{'j':{DENY(short)},'jo':{ALLOW(long)}}}}}}";
    try (FakeFilterContext joe = new FakeFilterContext("GET", "x-user: joe");
        FakeFilterContext ann = new FakeFilterContext("GET", "x-user: ann");
        FakeFilterContext jim = new FakeFilterContext("GET", "x-user: jim")) {
      assertEquals("passed", ask(exact, joe));
      assertEquals(
          "403 RBAC: access denied - rbac_access_denied_matched_policy[ann]", ask(exact, ann));
      // nothing matches: denied
      assertEquals(
          "403 RBAC: access denied - rbac_access_denied_matched_policy[none]", ask(exact, jim));
      assertEquals("passed", ask(prefixes, joe));
      assertEquals(
          "403 RBAC: access denied - rbac_access_denied_matched_policy[short]", ask(prefixes, jim));
      assertEquals(
          "403 RBAC: access denied - rbac_access_denied_matched_policy[none]", ask(prefixes, ann));
    }
  }

  @Test
  void aNestedTreeWithoutAnActionGoesOnWithTheNextBranch() {
    String any = single("@Header,'header_name':'x-user'", "'value_match':{'prefix':'j'}");
    String eu = single("@Header,'header_name':'x-region'", "'value_match':{'exact':'eu'}");
    String json =
        "{'matcher':{'matcher_list':{'matchers':[{'predicate':"
            + any
            + ",'on_match':{'matcher':{'matcher_list':{'matchers':[{'predicate':"
            + eu
            + ",'on_match':{LOG(inner)}}]}}}},{'predicate':"
            + any
            + ",'on_match':{DENY(no way)}}]}}}";
    try (FakeFilterContext outside = new FakeFilterContext("GET", "x-user: joe");
        FakeFilterContext inside = new FakeFilterContext("GET", "x-user: joe", "x-region: eu")) {
      assertEquals(DENIED, ask(json, outside));
      assertEquals(false, hint(outside));
      assertEquals("passed", ask(json, inside));
      assertEquals(true, hint(inside));
      assertEquals(1, inside.count("rbac.allowed"));
      assertEquals(
          "inner",
          inside
              .streamInfo()
              .dynamicMetadata
              .get("envoy.filters.http.rbac", "enforced_effective_policy_id"));
    }
  }

  private static Object hint(FakeFilterContext context) {
    return String.valueOf(
            context.streamInfo().dynamicMetadata.get("envoy.common", "access_log_hint"))
        .equals("true");
  }

  @Test
  void theTreeCountsInsteadOfRules() {
    ParseScope scope = FilterJson.scope();
    try (FakeFilterContext context = new FakeFilterContext("GET")) {
      HttpFilter filter =
          config(
                  "{'rules':{},'matcher':{'on_no_match':{ALLOW(all)}},"
                      + "'shadow_matcher':{'on_no_match':{DENY(shadow)}}}",
                  scope)
              .newFilter(context);
      assertEquals(FilterStatus.CONTINUE, filter.decodeHeaders(context.request, true));
      assertEquals(1, context.count("rbac.shadow_denied"));
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '"',
      value = {
        "{'single_predicate':{'input':{'name':'i','typed_config':{@ApplicationProtocolInput}},'value_match':{'exact':'h2'}}} | single_predicate.input.typed_config",
        "{'single_predicate':{'input':{'name':'i','typed_config':{@SourceIPInput}},'custom_match':{'name':'c','typed_config':{@Cel}}}} | single_predicate.custom_match.typed_config",
        "{'single_predicate':{'input':{'name':'i','typed_config':{@ServerNameInput}},'custom_match':{'name':'c','typed_config':{@Ip,'cidr_ranges':[{'address_prefix':'1.2.3.4','prefix_len':8}]}}}} | single_predicate.input.typed_config",
        "{'single_predicate':{'input':{'name':'i','typed_config':{@SourceIPInput}}}} | single_predicate",
        "{'or_matcher':{}} | or_matcher.predicate",
        "{} | -",
      })
  void refusesByName(String predicate, String field) {
    ParseScope scope = FilterJson.scope();
    config(list(predicate), scope);
    String path =
        "matcher.matcher_list.matchers[0].predicate" + (field.equals("-") ? "" : "." + field);
    assertEquals(
        List.of(path),
        scope.out().finish(() -> "").errors().stream().map(error -> error.path()).toList());
  }
}
