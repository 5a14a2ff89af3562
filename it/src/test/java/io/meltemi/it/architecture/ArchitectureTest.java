package io.meltemi.it.architecture;

import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.junit.jupiter.api.Assertions.assertEquals;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.library.dependencies.SliceAssignment;
import com.tngtech.archunit.library.dependencies.SliceIdentifier;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Modules, rooms, names and forbidden calls. */
class ArchitectureTest {
  private static final String ROOT = "io.meltemi.";

  /** Module to the modules it may use directly or through others. */
  private static final Map<String, Set<String>> MODULES =
      Map.of(
          "common", Set.of(),
          "config", Set.of("common"),
          "xds", Set.of("common"),
          "controlplane", Set.of("common", "config", "xds"),
          "proxy", Set.of("common", "xds"),
          "embedded", Set.of("common", "config", "xds", "controlplane", "proxy"),
          "cli", Set.of("common", "config", "xds", "controlplane", "proxy", "embedded"));

  /** Families of extensions: a child never uses a sibling, the parent never uses a child. */
  private static final List<String> EXTENSION_FAMILIES =
      List.of(
          "io.meltemi.proxy.listener.filter",
          "io.meltemi.proxy.network.filter",
          "io.meltemi.proxy.http.filter",
          "io.meltemi.proxy.cluster.lb");

  private static JavaClasses ours = new ClassFileImporter().importClasses();

  @BeforeAll
  static void readClasses() {
    ours =
        new ClassFileImporter()
            .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
            .importPackages("io.meltemi");
    ours =
        ours.that(
            not(
                resideInAnyPackage(
                    "io.meltemi.it..", "io.meltemi.testing..", "io.meltemi.samples..")));
  }

  @Test
  void everyModuleIsKnownHere() {
    Set<String> found =
        ours.stream()
            .map(c -> c.getPackageName().substring(ROOT.length()).split("\\.")[0])
            .collect(Collectors.toCollection(TreeSet::new));
    assertEquals(new TreeSet<>(MODULES.keySet()), found);
  }

  @Test
  void modulesUseOnlyWhatTheArchitectureAllows() {
    MODULES.forEach(
        (module, allowed) ->
            noClasses()
                .that(resideInAPackage(ROOT + module + ".."))
                .should()
                .dependOnClassesThat(
                    resideInAPackage("io.meltemi..")
                        .and(not(resideInAnyPackage(packagesOf(allowed, ROOT + module + "..")))))
                .because("an arrow that the module map does not have")
                .check(ours));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "header matcher cel rbac telemetry parse loop",
        "transport codec",
        "cluster",
        "upstream",
        "network route",
        "http listener",
        "bootstrap snapshot",
        "admin"
      })
  void theRoomsOfTheProxyUseOnlyLowerOnes(String level) {
    checkLevel(
        "proxy",
        List.of(
            "header matcher cel rbac telemetry parse loop",
            "transport codec",
            "cluster",
            "upstream",
            "network route",
            "http listener",
            "bootstrap snapshot",
            "admin"),
        level);
  }

  @ParameterizedTest
  @ValueSource(strings = {"registry", "push", "translate", "debug"})
  void theRoomsOfTheControlPlaneUseOnlyLowerOnes(String level) {
    checkLevel("controlplane", List.of("registry", "push", "translate", "debug"), level);
  }

  @ParameterizedTest
  @ValueSource(strings = {"yaml", "resource", "traffic", "kind mesh source", "store"})
  void theRoomsOfConfigUseOnlyLowerOnes(String level) {
    checkLevel(
        "config", List.of("yaml", "resource", "traffic", "kind mesh source", "store"), level);
  }

  @Test
  void roomsOfAModuleHaveNoCycles() {
    for (String module : MODULES.keySet()) {
      slices()
          .matching("io.meltemi." + module + ".(*)..")
          .should()
          .beFreeOfCycles()
          .allowEmptyShould(true)
          .check(ours);
    }
  }

  @Test
  void xdsServerAndClientDoNotKnowEachOther() {
    noClasses()
        .that(resideInAPackage("io.meltemi.xds.server.."))
        .should()
        .dependOnClassesThat(resideInAPackage("io.meltemi.xds.client.."))
        .check(ours);
    noClasses()
        .that(resideInAPackage("io.meltemi.xds.client.."))
        .should()
        .dependOnClassesThat(resideInAPackage("io.meltemi.xds.server.."))
        .check(ours);
  }

  @Test
  void extensionsDoNotUseTheirSiblings() {
    for (String family : EXTENSION_FAMILIES) {
      slices()
          .assignedFrom(childrenOf(family))
          .should()
          .notDependOnEachOther()
          .allowEmptyShould(true)
          .check(ours);
    }
  }

  /** A proxy counts its bytes: every library it loads is named here. */
  @Test
  void theProxyLoadsOnlyItsLibraries() {
    noClasses()
        .that(resideInAPackage("io.meltemi.proxy.."))
        .should()
        .dependOnClassesThat(
            not(
                resideInAnyPackage(
                    "io.meltemi..",
                    "java..",
                    "javax.net..",
                    "javax.crypto..",
                    "javax.security.auth.x500..",
                    "com.sun.net.httpserver..",
                    "jdk.net..",
                    "org.jspecify..",
                    "io.netty..",
                    "io.grpc..",
                    "com.google.protobuf..",
                    "com.google.rpc..",
                    "com.google.re2j..",
                    // with the only form of an unsigned number that it knows
                    "dev.cel..",
                    "com.google.common.primitives..",
                    "com.google.api.expr..",
                    "com.dylibso.chicory..",
                    "com.google.errorprone.annotations..",
                    "io.envoyproxy..",
                    // comes with the API of Envoy
                    "io.opentelemetry.proto..",
                    "com.github.xds..",
                    "com.github.udpa..",
                    "")))
        .check(ours);
  }

  @Test
  void theProxyAndTheControlPlaneMeetOnlyOverTheWire() {
    noClasses()
        .that(resideInAPackage("io.meltemi.proxy.."))
        .should()
        .dependOnClassesThat(resideInAnyPackage("io.meltemi.config..", "io.meltemi.controlplane.."))
        .check(ours);
  }

  @Test
  void timeAndEnvironmentComeInByConstructor() {
    DescribedPredicate<JavaClass> rootOrTime =
        DescribedPredicate.describe(
            "a module's root package, a command or common.time",
            c ->
                c.getPackageName().split("\\.").length <= 3
                    || c.getPackageName().startsWith("io.meltemi.cli.command.")
                    || c.getPackageName().equals("io.meltemi.common.time"));
    noClasses()
        .that(not(rootOrTime))
        .should()
        .callMethod(System.class, "nanoTime")
        .orShould()
        .callMethod(System.class, "currentTimeMillis")
        .orShould()
        .callMethod(System.class, "getenv")
        .orShould()
        .callMethod(System.class, "getenv", String.class)
        .orShould()
        .callMethod(Thread.class, "sleep", long.class)
        .orShould()
        .callMethod(Thread.class, "sleep", java.time.Duration.class)
        .check(ours);
  }

  @Test
  void namesAreTheFieldsStandardTerms() {
    noClasses()
        .that()
        .areNotAnonymousClasses()
        .should()
        .haveSimpleNameEndingWith("Impl")
        .orShould()
        .haveSimpleNameEndingWith("Helper")
        .orShould()
        .haveSimpleNameEndingWith("Utils")
        .orShould()
        .haveSimpleNameEndingWith("Util")
        .orShould()
        .haveSimpleNameStartingWith("Base")
        .orShould()
        .resideInAnyPackage("..util..", "..impl..", "..helper..", "..misc..")
        .check(ours);
  }

  @Test
  void everyPackageIsNullMarkedAndSaysItsPurpose() {
    Set<String> missing = new TreeSet<>();
    for (JavaClass c : ours) {
      String name = c.getPackageName();
      boolean marked =
          c.getPackage()
              .tryGetPackageInfo()
              .map(info -> info.isAnnotatedWith("org.jspecify.annotations.NullMarked"))
              .orElse(false);
      if (!marked) {
        missing.add(name);
      }
    }
    assertEquals(Set.of(), missing, "packages without a @NullMarked package-info.java");
  }

  /** Public, as the JDK finds them by their names. */
  private static final Set<String> MADE_BY_THE_JDK =
      Set.of(
          "io.meltemi.cli.Main", "io.meltemi.cli.LineFormatter", "io.meltemi.cli.LogConfiguration");

  /** Public types are used by another package, by name or through a signature they stand in. */
  @Test
  void publicMeansAnotherPackageUsesIt() {
    Set<String> unused = new TreeSet<>();
    for (JavaClass c : ours) {
      if (c.getModifiers().contains(JavaModifier.PUBLIC)
          && !c.isNestedClass()
          && !c.getSimpleName().equals("package-info")
          && !MADE_BY_THE_JDK.contains(c.getName())
          && !usedElsewhere(c)
          && !inSignatureOfANeighbour(c)) {
        unused.add(c.getName());
      }
    }
    assertEquals(Set.of(), unused, "public, but used by no other package");
  }

  private static boolean usedElsewhere(JavaClass c) {
    return c.getDirectDependenciesToSelf().stream()
        .anyMatch(d -> !d.getOriginClass().getPackageName().equals(c.getPackageName()));
  }

  private static boolean inSignatureOfANeighbour(JavaClass c) {
    return c.getPackage().getClasses().stream()
        .filter(other -> !other.equals(c) && other.getModifiers().contains(JavaModifier.PUBLIC))
        .flatMap(other -> other.getMembers().stream())
        .anyMatch(member -> member.getAllInvolvedRawTypes().contains(c));
  }

  @Test
  void noLibraryOfAnotherHouse() {
    classes()
        .should()
        .onlyDependOnClassesThat(
            not(
                resideInAnyPackage(
                    "org.springframework..",
                    "com.google.inject..",
                    "lombok..",
                    "io.grpc.netty.shaded..")))
        .check(ours);
  }

  private static void checkLevel(String module, List<String> levels, String level) {
    int index = levels.indexOf(level);
    String[] own = rooms(module, List.of(level));
    String[] higher = rooms(module, levels.subList(index + 1, levels.size()));
    if (higher.length == 0) {
      assertEquals(levels.size() - 1, index);
      return;
    }
    noClasses()
        .that(resideInAnyPackage(own))
        .should()
        .dependOnClassesThat(resideInAnyPackage(higher))
        .allowEmptyShould(true)
        .check(ours);
  }

  private static String[] rooms(String module, List<String> levels) {
    return levels.stream()
        .flatMap(l -> java.util.Arrays.stream(l.split(" ")))
        .map(room -> ROOT + module + "." + room + "..")
        .toArray(String[]::new);
  }

  private static String[] packagesOf(Set<String> modules, String self) {
    return Stream.concat(modules.stream().map(m -> ROOT + m + ".."), Stream.of(self))
        .toArray(String[]::new);
  }

  private static SliceAssignment childrenOf(String family) {
    return new SliceAssignment() {
      @Override
      public SliceIdentifier getIdentifierOf(JavaClass c) {
        String name = c.getPackageName();
        if (!name.startsWith(family + ".")) {
          return SliceIdentifier.ignore();
        }
        return SliceIdentifier.of(name.substring(family.length() + 1).split("\\.")[0]);
      }

      @Override
      public String getDescription() {
        return "children of " + family;
      }
    };
  }
}
