.DEFAULT_GOAL := help
.PHONY: help demo demo-down test lint build generate bench bench-full soak attack faults faults-client traffic-full search fuzz bugs mutants flakes coverage engine-check cluster-up cluster-down

# node_modules is the one prerequisite of every target; npm ci installs exactly what package-lock.json says.
node_modules: package-lock.json
	npm ci && touch node_modules

help: ## show this list
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/\1|\2/' | awk -F'|' '{printf "  make %-13s %s\n", $$1, $$2}'

demo: node_modules ## start a real Kubernetes with simulated GPU nodes, run the operator, show models becoming Ready
	@npm run -s demo

demo-down: node_modules ## stop what the demo started
	@npm run -s demo -- down

test: node_modules ## run every test (needs Go 1.26 for the Kubernetes binaries, built once)
	@npm run -s test

lint: node_modules ## eslint with the import rules, prettier
	@npm run -s lint

build: node_modules ## bundle dist/operator.mjs and dist/kubectl-deepseek.mjs
	@npm run -s build

generate: node_modules ## write the CRD and the reference docs from the schemas
	@npm run -s generate

bench: node_modules ## measure, print the table, write docs/benchmarks.md and .reports/bench.json (about 80 minutes)
	@npm run -s bench

bench-full: node_modules ## the benchmarks that take longer
	@npm run -s bench -- --full

soak: node_modules ## an hour of random edits of 200 models: memory, queue, handles and timers must not grow
	@npm run -s bench -- --only soak --soak-minutes 60

faults: node_modules ## break what lies between operator and API server at each write of each scenario (docs/faults.md); ARGS="--shard 1/3"
	@npm run -s faults -- $(ARGS)

faults-client: node_modules ## 1,000 random fault runs of the client runtime
	@npm run -s faults:client

attack: node_modules ## try as an editor of one namespace to have more, with ten thousand models (about 10 minutes)
	@ATTACK_MODELS=10000 npm run -s test -- simulated -- e2e/security/attacks

traffic-full: node_modules ## requests through rollouts and changes on a real node, with 200 streams of 1 to 5 minutes (about 80 minutes, root on Linux)
	@TRAFFIC=full npm run -s test -- real -- e2e/real/traffic-

search: node_modules ## go through the states of rollouts breadth-first; STATES=N per world (default 40000, about 40 minutes)
	@node_modules/.bin/node --no-warnings hack/search.ts $(STATES)

fuzz: node_modules ## send random objects, valid and hostile, through decide; OBJECTS=N (default 16000, about 6 minutes), FUZZ_SEED=S
	@node_modules/.bin/node --no-warnings hack/fuzz.ts $(OBJECTS)

bugs: node_modules ## put seeded bugs into a copy of the sources, one by one, and see that the tests catch them (about 10 minutes)
	@node_modules/.bin/node --no-warnings hack/bugs/main.ts "$(ONLY)"

MUTANTS := decide machine planner resources rollout runtime
mutants: node_modules ## change the sources in small ways, and see which changes no test notices; PART=one (default all, up to an hour each), FILE=one
	@for part in $(if $(FILE),file,$(or $(PART),$(MUTANTS))); do \
	  rm -f .reports/mutants/$$part.json; \
	  PART=$$part FILE="$(FILE)" timeout 3600 node_modules/.bin/stryker run hack/mutants/stryker.config.mjs || echo "$$part: did not come to its end"; \
	done
	@node_modules/.bin/node --no-warnings hack/mutants/summary.ts $(if $(FILE),file,$(PART))

flakes: node_modules ## unit and integration tests five times in another order each time, tests with clusters twice, none tried again
	@for n in 1 2 3 4 5; do npm run -s test -- unit integration -- --randomize || exit 1; done
	@for n in 1 2; do env -u CI npm run -s test -- simulated gateway real || exit 1; done

coverage: node_modules ## which lines the unit tests reach, in .reports/coverage
	@node_modules/.bin/node --experimental-vm-modules --no-warnings node_modules/jest/bin/jest.js --selectProjects unit --silent --coverage \
	  --coverageProvider=v8 --coverageReporters=text-summary --coverageReporters=html --coverageDirectory=.reports/coverage \
	  --collectCoverageFrom='operator/**/*.ts' --collectCoverageFrom='!**/testing/**'

engine-check: node_modules ## start the real vLLM (CPU) and llama-server with our command lines (first run: 5 GB)
	@npm run -s engine-check

cluster-up: node_modules ## start a local Kubernetes with simulated GPU nodes in .cluster/local/
	@npm run -s cluster -- up --profile simulated

cluster-down: node_modules ## stop it
	@npm run -s cluster -- down
