package io.meltemi.bench.controlplane;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.Set;
import org.junit.jupiter.api.Test;

class ComparisonTest {
  private static final String SIMULATED =
      """
      ours se-10x20 127.0.0.1:1 delta: 20 proxies over 20 connections; load 1.00 1.00 1.00
      per proxy: 26 clusters, 22 endpoint sets, 9 listeners, 4 route configurations; RSS before 90 MB
            phase  rounds  apply ms  p50 ms  p99 ms  max ms  quiet ms  CPU s  MB pushed  peak RSS MB
            storm       1         0   14235   14524   14529     14529  18.26     3983.8          906
         endpoint       1         1     420     534     538       538   0.64        2.7          902
             mesh       1         2   19230   22213   22226     22226  16.31     4000.0         1635
      storm: 19/20 ready, 0 retries, simulator 9.14 CPU-s, others 0.63 CPU-s
        storm cds: 1000 responses, 1324100 resources, 1299.5 MB
      idle: 0.0067 CPU-s per second, RSS 901 MB, PSS 890 MB
        endpoint, last round: eds 1000 responses 2000 resources (0 unchanged); 0.0 of 2.7 MB had not changed; simulator 0.19 CPU-s, others 0.03
        mesh, last round: cds 1000 responses (0 unchanged); 1000.0 of 4000.0 MB had not changed; simulator 9.50 CPU-s, others 19.79
      """;

  private static final String RECORDED =
      """
      | inputs, services × proxies | phase | n | p50 ms | p99 ms | last ms | CPU-s | MB pushed | peak RSS MB | others' CPU (of 2) |
      |---|---|---|---|---|---|---|---|---|---|
      | se-10 × 20 | storm (cold) | 3/3 | 72.0 k | 83.7 k | 83.7 k | 136.57 | 4233.8 | 3190 | 0.2 |
      | se-10 × 20 | endpoint | 3x1 | 143 | 177 | 177 | 0.31 | 3.5 | 1936 | 0.1 |
      | se-10 × 20 | mesh | 3x1 | 7243 | 13.7 k | 13.7 k | 20.57 | 4248.3 | 1477 | 0.1 |
      | se-10 × 200 | mesh | 3x1 | 1 | 1 | 1 | 1 | 1 | 1 | 1 |

      | inputs, services × proxies | clusters, endpoint sets, listeners, routes per proxy | RSS / PSS MB idle with streams | idle CPU-s/s | refused | load |
      |---|---|---|---|---|---|
      | se-10 × 20 | 1326, 1321, 107, 4 | 1936 / 1878 | 0.020 | 5046 | 1.06 |

      | se-10 × 20 | storm (cold) | 1/1 | 1 | 1 | 1 | 1.0 | 1 | 1 | 0.2 |
      """;

  private static final String SWARM =
      """
      storm ready\t20/20
      storm\tcpu=18.5\theld=0.0\tlast=14000.0\tmegabytes=3983.8\tpeak=906.0\tresources=1.0
      holdings\t26 clusters
      resident\t901.0
      endpoint\tcpu=0.25\theld=0.5\tlast=50.0\tmegabytes=2.0\tpeak=902.0
      retries\t0
      """;

  @Test
  void readsWhatTheSimulatorPrints() {
    Measured measured = Measured.ofSimulator(SIMULATED);
    assertEquals(
        Set.of(Phase.CONNECT_COLD, Phase.ENDPOINT, Phase.EVERYTHING), measured.costs().keySet());
    assertEquals(new Cost(18.26, 14529, 3983.8, -1, 906), measured.costs().get(Phase.CONNECT_COLD));
    assertEquals(new Cost(0.64, 518, 2.7, 0, 902), measured.costs().get(Phase.ENDPOINT));
    assertEquals(OptionalDouble.of(901), measured.residentMegabytes());
    assertEquals("19/20", measured.ready());
    assertEquals(
        "26 clusters, 22 endpoint sets, 9 listeners, 4 route configurations", measured.holdings());
  }

  @Test
  void readsTheFirstTableOfTheReference() {
    Measured reference = Measured.ofBaseline(RECORDED, "se-10 × 20");
    assertEquals(
        new Cost(136.57, 83700, 4233.8, -1, 3190), reference.costs().get(Phase.CONNECT_COLD));
    assertEquals(new Cost(20.57, 13700, 4248.3, -1, 1477), reference.costs().get(Phase.EVERYTHING));
    assertEquals(OptionalDouble.of(1936), reference.residentMegabytes());
  }

  @Test
  void tellsWhatIsHeldAndWhatIsNot() {
    Comparison comparison =
        new Comparison(
            "10 × 20",
            Measured.ofSimulator(SIMULATED),
            Measured.ofBaseline(RECORDED, "se-10 × 20"));
    String table = comparison.markdown();
    assertTrue(
        table.contains(
            "| all connect, cold | 18.26 | 0.13 | 14529 | 0.17 | 3983.8 | – | 906 | 0.28 |"
                + " 0.50 / 0.15 / 0.05 | holds (target) |"),
        table);
    assertTrue(table.contains("| one endpoint changes | 0.64 | 2.06 | 518 | 2.93 |"), table);
    assertTrue(table.contains("| resident, all connected |"), table);
    assertEquals(
        Set.of(
            "one endpoint changes, CPU: 2.06 of the reference (at most 1.00)",
            "one endpoint changes, last proxy: 2.93 of the reference (at most 1.00)",
            "mesh configuration changes everything, CPU: 0.79 of the reference (at most 0.50)",
            "mesh configuration changes everything, last proxy: 1.62 of the reference (at most 0.50)",
            "mesh configuration changes everything: 25 % of the bytes were there already (at most 5 %)"),
        Set.copyOf(comparison.broken()));
  }

  @Test
  void readsWhatOurOwnSwarmPrints() {
    Measured measured = Measured.ofSwarm(SWARM);
    assertEquals(
        Map.of(
            Phase.CONNECT_COLD, new Cost(18.5, 14000, 3983.8, 0, 906),
            Phase.ENDPOINT, new Cost(0.25, 30, 2, 0.5, 902)),
        measured.costs());
    assertEquals(OptionalDouble.of(901), measured.residentMegabytes());
    assertEquals("20/20", measured.ready());
    assertEquals("26 clusters", measured.holdings());
  }

  @Test
  void withoutAReferenceBytesThatWereThereAreJudgedAlone() {
    Comparison comparison =
        new Comparison(
            "10 × 20, own swarm",
            Measured.ofSwarm(SWARM),
            new Measured(Map.of(), OptionalDouble.empty(), "", ""));
    String table = comparison.markdown();
    assertTrue(table.contains("| 10 × 20, own swarm | CPU-s |"), table);
    assertTrue(
        table.contains("| one endpoint changes | 0.25 | – | 30 | – | 2.0 | 25 % | 902 | – |"),
        table);
    assertEquals(
        List.of("one endpoint changes: 25 % of the bytes were there already (at most 5 %)"),
        comparison.broken());
  }

  @Test
  void twoSwarmsAgreeWhenTheirSumsAreNear() {
    Measured one = Measured.ofSwarm(SWARM);
    assertEquals(List.of(), new Agreement("10 × 20", "a", one, "b", one).broken());
    Measured other =
        Measured.ofSwarm(SWARM.replace("cpu=18.5", "cpu=28.5").replace("26 clusters", "27"));
    Agreement apart = new Agreement("10 × 20", "a", one, "b", other);
    assertEquals(
        List.of(
            "10 × 20: 1.53 of the CPU-s of a with b (at most 0.15 apart)",
            "10 × 20: sidecars have 26 clusters and 27"),
        apart.broken());
    assertEquals(
        new Cost(23.5, 14000, 3983.8, 0, 906),
        Measured.mean(List.of(one, other)).costs().get(Phase.CONNECT_COLD));
    assertTrue(
        apart
            .markdown()
            .contains("| all connect, cold | 3983.8 | 3983.8 | 1.00 | 18.50 | 28.50 | 1.54 |"),
        apart::markdown);
  }

  @Test
  void aSizeThatTheReferenceWasNotMeasuredAtHasNoVerdict() {
    Comparison comparison =
        new Comparison(
            "7 × 7", Measured.ofSimulator(SIMULATED), Measured.ofBaseline(RECORDED, "se-7 × 7"));
    assertTrue(comparison.markdown().contains("no reference"), comparison::markdown);
  }
}
