package io.meltemi.proxy.route;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;

import io.meltemi.proxy.matcher.MatchTrace;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class RouteTableTest {
  private static final RouteTable DOMAINS =
      RouteTables.table(
          """
          {'name':'r','virtual_hosts':[
            {'name':'exact','domains':['www.Foo.com','www.foo.com:8080'],
             'routes':[{'match':{'prefix':'/'},'route':{'cluster':'c'}}]},
            {'name':'suffix','domains':['*.foo.com','*-bar.foo.com'],
             'routes':[{'match':{'prefix':'/'},'route':{'cluster':'c'}}]},
            {'name':'longer','domains':['*.a.foo.com'],
             'routes':[{'match':{'prefix':'/'},'route':{'cluster':'c'}}]},
            {'name':'prefix','domains':['www.*','www.foo-*'],
             'routes':[{'match':{'prefix':'/'},'route':{'cluster':'c'}}]},
            {'name':'any','domains':['*'],
             'routes':[{'match':{'prefix':'/'},'route':{'cluster':'c'}}]}]}
          """);

  @ParameterizedTest
  @CsvSource({
    "www.foo.com, exact",
    "WWW.fOO.com, exact",
    "www.foo.com:8080, exact",
    // a port makes another name
    "www.foo.com:80, prefix",
    "x.foo.com, suffix",
    "x-bar.foo.com, suffix",
    "X.A.FOO.com, longer",
    // the wildcard stands for something
    ".foo.com, any",
    "foo.com, any",
    "www.bar, prefix",
    "www., any",
    "www.foo-x, prefix",
    "'', any"
  })
  void findsVirtualHostByDomain(String authority, String expected) {
    Route route = DOMAINS.match(new FakeRequest(authority, "/"), MatchTrace.NONE);
    assertNotNull(route);
    assertEquals(expected, route.labels().virtualHost());
  }

  @ParameterizedTest
  @CsvSource({
    "foo:80, true",
    "foo, true",
    "foo:, true",
    "[::1]:80, true",
    "[::1], true",
    "bar:80, false"
  })
  void ignoresPortWhenTold(String authority, boolean expected) {
    RouteTable table =
        RouteTables.table(
            """
            {'ignore_port_in_host_matching':true,'virtual_hosts':[
              {'name':'a','domains':['foo','[::1]'],
               'routes':[{'match':{'prefix':'/'},'route':{'cluster':'c'}}]}]}
            """);
    assertEquals(expected, table.match(new FakeRequest(authority, "/"), MatchTrace.NONE) != null);
  }

  @Test
  void findsEveryOneOfManyDomains() {
    StringBuilder hosts = new StringBuilder("{'virtual_hosts':[");
    for (int i = 0; i < 3000; i++) {
      hosts
          .append(i == 0 ? "" : ",")
          .append("{'name':'v" + i + "','domains':['svc-" + i + ".ns.svc.cluster.local'],")
          .append("'routes':[{'match':{'prefix':'/'},'route':{'cluster':'c'}}]}");
    }
    RouteTable table = RouteTables.table(hosts.append("]}").toString());
    for (int i = 0; i < 3000; i++) {
      Route route =
          table.match(new FakeRequest("SVC-" + i + ".ns.svc.cluster.local", "/"), MatchTrace.NONE);
      assertNotNull(route);
      assertEquals("v" + i, route.labels().virtualHost());
    }
    assertNull(table.match(new FakeRequest("svc-3000.ns.svc.cluster.local", "/"), MatchTrace.NONE));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{'prefix':'/api'} | /api | true",
        "{'prefix':'/api'} | /apix?q | true",
        "{'prefix':'/api'} | /API | false",
        "{'prefix':'/api','case_sensitive':false} | /API/x | true",
        "{'prefix':'/?'} | /?q | false",
        "{'prefix':''} | /any | true",
        "{'path':'/a'} | /a | true",
        "{'path':'/a'} | /a?x=1 | true",
        "{'path':'/a'} | /a#frag | true",
        "{'path':'/a'} | /a/ | false",
        "{'path':'/a'} | /a;p=1 | false",
        "{'path':'/A','case_sensitive':false} | /a | true",
        "{'path_separated_prefix':'/api'} | /api | true",
        "{'path_separated_prefix':'/api'} | /api/x | true",
        "{'path_separated_prefix':'/api'} | /api?x | true",
        "{'path_separated_prefix':'/api'} | /apix | false",
        "{'safe_regex':{'regex':'/v[12]/.*'}} | /v1/x?q=1 | true",
        "{'safe_regex':{'regex':'/v[12]/.*'}} | /v3/x | false",
        "{'safe_regex':{'regex':'/v1'}} | /v1/x | false",
        "{'prefix':'/','grpc':{}} | / | false",
        "{'prefix':'/','query_parameters':[{'name':'q'}]} | /?q | true",
        "{'prefix':'/','query_parameters':[{'name':'q'}]} | /?a=1&q= | true",
        "{'prefix':'/','query_parameters':[{'name':'q'}]} | /?qq=1 | false",
        "{'prefix':'/','query_parameters':[{'name':'q'}]} | /q | false",
        "{'prefix':'/','query_parameters':[{'name':'q'}]} | /#?q | false",
        "{'prefix':'/','query_parameters':[{'name':'q','present_match':false}]} | /?a | true",
        "{'prefix':'/','query_parameters':[{'name':'q','present_match':false}]} | /?q | false",
        "{'prefix':'/','query_parameters':[{'name':'q','string_match':{'exact':'1'}}]}"
            + " | /?x&q=1&y | true",
        "{'prefix':'/','query_parameters':[{'name':'q','string_match':{'exact':'1'}}]}"
            + " | /?q=2&q=1 | false",
        "{'prefix':'/','query_parameters':[{'name':'q','string_match':{'exact':'a=b'}}]}"
            + " | /?q=a=b | true",
        "{'prefix':'/','query_parameters':[{'name':'q','string_match':{'exact':' '}}]}"
            + " | /?q=%20 | false",
        "{'prefix':'/','headers':[{'name':'x','string_match':{'exact':'1'}}]} | / | false",
        "{'prefix':'/','runtime_fraction':{'default_value':{'numerator':0}}} | / | false",
        "{'prefix':'/','runtime_fraction':{'default_value':{'numerator':100}}} | / | true"
      })
  void matchesPathAndQuery(String match, String path, boolean expected) {
    RouteTable table = RouteTables.routes("{'match':" + match + ",'route':{'cluster':'c'}}");
    assertEquals(expected, table.match(new FakeRequest("h", path), MatchTrace.NONE) != null);
    assertEquals(expected, table.match(new FakeRequest("h", path), MatchTrace.recording()) != null);
  }

  @ParameterizedTest
  @CsvSource({
    "application/grpc, true",
    "application/grpc+proto, true",
    "application/grpc-web, false",
    "text/plain, false"
  })
  void matchesGrpcByContentType(String type, boolean expected) {
    RouteTable table =
        RouteTables.routes("{'match':{'prefix':'/','grpc':{}},'route':{'cluster':'c'}}");
    assertEquals(
        expected,
        table.match(new FakeRequest("h", "/", "content-type: " + type), MatchTrace.NONE) != null);
  }

  @Test
  void firstMatchingRouteWinsAndTraceTellsWhy() {
    RouteTable table =
        RouteTables.routes(
            """
            {'name':'jason','match':{'prefix':'/','headers':[
               {'name':'end-user','string_match':{'exact':'jason'}}]},'route':{'cluster':'v2'}},
            {'match':{'path':'/login'},'route':{'cluster':'login'}},
            {'name':'rest','match':{'prefix':'/'},'route':{'cluster':'v1'}}
            """);
    MatchTrace trace = MatchTrace.recording();
    Route route = table.match(new FakeRequest("h", "/x", "end-user: bob"), trace);
    assertNotNull(route);
    assertEquals("rest", route.name());
    assertEquals(
        """
        virtual_host all: matched (domain *)
        route 0 jason: trying
          path: matched (prefix /)
          header end-user: no match (exact "jason", found "bob")
        route 1: trying
          path: no match (path /login)
        route 2 rest: trying
          path: matched (prefix /)
        route 2 rest: matched
        """,
        trace.toString());
    Route jason = table.match(new FakeRequest("h", "/login", "end-user: jason"), MatchTrace.NONE);
    assertNotNull(jason);
    assertEquals("jason", jason.name());
  }

  @Test
  void ignoresPathParametersWhenTold() {
    RouteTable table =
        RouteTables.table(
            """
            {'ignore_path_parameters_in_path_matching':true,'virtual_hosts':[
              {'name':'a','domains':['*'],'routes':[
                {'match':{'path':'/a','query_parameters':[{'name':'q'}]},
                 'route':{'cluster':'c'}}]}]}
            """);
    assertNotNull(table.match(new FakeRequest("h", "/a;v=1?q"), MatchTrace.NONE));
    assertNull(table.match(new FakeRequest("h", "/a;q"), MatchTrace.NONE));
  }

  @ParameterizedTest
  @CsvSource({
    "ALL, false, true, true",
    "ALL, true, false, false",
    "EXTERNAL_ONLY, false, false, true",
    "EXTERNAL_ONLY, false, true, false",
    "NONE, false, false, false"
  })
  void redirectsToTlsWhenRequired(
      String requirement, boolean tls, boolean internal, boolean redirected) {
    RouteTable table =
        RouteTables.table(
            "{'virtual_hosts':[{'name':'a','domains':['*'],'require_tls':'"
                + requirement
                + "','routes':[{'match':{'prefix':'/'},'route':{'cluster':'c'}}]}]}");
    FakeRequest request = new FakeRequest("h", "/");
    request.tls = tls;
    request.internal = internal;
    Route route = table.match(request, MatchTrace.NONE);
    assertNotNull(route);
    assertEquals(redirected, route.action() instanceof RouteAction.Redirect);
  }

  @Test
  void sharesFollowWeights() {
    RouteTable table =
        RouteTables.routes(
            """
            {'match':{'prefix':'/'},'route':{'weighted_clusters':{'clusters':[
              {'name':'a','weight':90},{'name':'zero','weight':0},{'name':'b','weight':10}]}}}
            """);
    FakeRequest request = new FakeRequest("h", "/");
    Map<String, Integer> counts = new HashMap<>();
    for (int i = 0; i < 1000; i++) {
      Route route = table.match(request, MatchTrace.NONE);
      assertNotNull(route);
      RouteAction.Forward forward = assertInstanceOf(RouteAction.Forward.class, route.action());
      ClusterSpecifier.Weighted weighted =
          assertInstanceOf(ClusterSpecifier.Weighted.class, forward.cluster());
      counts.merge(weighted.choose(i, request.headers()).cluster().toString(), 1, Integer::sum);
    }
    assertEquals(Map.of("Single[cluster=a]", 900, "Single[cluster=b]", 100), counts);
  }

  @ParameterizedTest
  @ValueSource(strings = {"5", "-1", "x", ""})
  void weightedClusterTakesRandomnessFromHeaderWhereItIsANumber(String value) {
    RouteTable table =
        RouteTables.routes(
            """
            {'match':{'prefix':'/'},'route':{'weighted_clusters':{'header_name':'x-random',
              'clusters':[{'name':'a','weight':5},{'name':'b','weight':5}]}}}
            """);
    FakeRequest request = new FakeRequest("h", "/", "x-random: " + value);
    Route route = table.match(request, MatchTrace.NONE);
    assertNotNull(route);
    RouteAction.Forward forward = assertInstanceOf(RouteAction.Forward.class, route.action());
    ClusterSpecifier.Weighted weighted =
        assertInstanceOf(ClusterSpecifier.Weighted.class, forward.cluster());
    assertEquals(
        new ClusterSpecifier.Single(value.equals("5") ? "b" : "a"),
        weighted.choose(0, request.headers()).cluster());
  }
}
