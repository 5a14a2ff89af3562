package io.meltemi.proxy.route;

import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import io.meltemi.proxy.matcher.MatchTrace;
import java.lang.management.ManagementFactory;
import org.junit.jupiter.api.Test;

/** Finding a route allocates nothing, however many there are. */
final class RouteAllocationTest {
  private static final int DECISIONS = 20_000;

  @Test
  void findingARouteAllocatesNothing() {
    StringBuilder routes = new StringBuilder();
    for (int i = 0; i < 500; i++) {
      routes
          .append(i == 0 ? "" : ",")
          .append("{'match':{'" + (i % 2 == 0 ? "path" : "prefix") + "':'/service-" + i + "/x'},")
          .append("'route':{'cluster':'c'}}");
    }
    RouteTable table = RouteTables.routes(routes.toString());
    FakeRequest request = new FakeRequest("any.example", "/service-499/x/y?q=1");
    ThreadMXBean thread = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    decide(table, request);
    long before = thread.getCurrentThreadAllocatedBytes();
    decide(table, request);
    long bytes = thread.getCurrentThreadAllocatedBytes() - before;
    // the counter itself and the compiler may cost a little once
    assertTrue(bytes < DECISIONS, () -> bytes + " bytes in " + DECISIONS + " decisions");
  }

  private static void decide(RouteTable table, FakeRequest request) {
    for (int i = 0; i < DECISIONS; i++) {
      assertNotNull(table.match(request, MatchTrace.NONE));
    }
  }
}
