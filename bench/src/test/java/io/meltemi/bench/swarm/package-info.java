@org.jspecify.annotations.NullMarked
package io.meltemi.bench.swarm;
