package org.ceph.gitbuilder.engine;

import com.cloudbees.groovy.cps.Block;
import com.cloudbees.groovy.cps.Env;
import com.cloudbees.groovy.cps.impl.CpsClosure;
import java.util.List;
import org.codehaus.groovy.runtime.InvokerHelper;

/** Closures of scripts; org.jenkinsci.plugins.workflow.cps.CpsClosure2 there, for the same reason. */
public final class EngineClosure extends CpsClosure {
  private static final long serialVersionUID = 1;

  public EngineClosure(Object owner, Object self, List<String> parameters, Block body, Env env) {
    super(owner, self, parameters, body, env);
  }

  /** Groovy's own, on every object, would hide the step. */
  public Object sleep(long seconds) {
    return InvokerHelper.invokeMethod(getOwner(), "sleep", seconds);
  }
}
