# Everything a person does with this repository; `make` prints the list.

IMGWATCH = .build/release/imgwatch
BUILD_RELEASE = swift build -c release --product imgwatch --static-swift-stdlib
SWIFT_FILES = Sources Tests Package.swift

.DEFAULT_GOAL = help
.PHONY: help demo run test build release lint format simulate fuzz-watch differential bench clean

help: ## print this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 18

demo: ## watch the petstore example, edit it, and prove that the images are never stale
	@scripts/setup build demo
	$(BUILD_RELEASE)
	@scripts/demo $(IMGWATCH)

run: ## leave the loop running in a copy of the petstore example, for you to edit
	@scripts/setup build demo
	$(BUILD_RELEASE)
	@scripts/demo --stay $(IMGWATCH)

test: ## every test (debug build): what leaves no processor to servers by itself; servers and scenarios one by one
	@scripts/setup build test
	swift build --build-tests
	swift test --skip-build --filter 'SimulationTests|TrackedInputsTests'
	swift test --skip-build --skip '^(SimulationTests|ScenarioTests|HTTPTests|RegistryTests|RigsTests)|TrackedInputsTests|GatingTests|ControlServerTests'
	swift test --skip-build --no-parallel --filter '^(HTTPTests|RegistryTests|RigsTests)|ControlServerTests'
	swift test --skip-build --no-parallel --filter 'ScenarioTests|GatingTests'

build: ## debug build
	@scripts/setup build
	swift build

release: ## optimised build: .build/release/imgwatch
	@scripts/setup build
	$(BUILD_RELEASE)

lint: ## what swift-format says about the sources; changes nothing
	swift format lint --strict --recursive $(SWIFT_FILES)

format: ## let swift-format rewrite the sources
	swift format --in-place --recursive $(SWIFT_FILES)

simulate: ## random worlds against the engine: SEEDS=n (default 300), or SEED=k to replay one
	@scripts/setup build
	swift run -c release simulate $(if $(SEED),--seed $(SEED),--seeds $(or $(SEEDS),300))

fuzz-watch: ## random deeds on real trees against watching and reading: OPS=n (default 20000), or SEED=k to replay
	@scripts/setup build test
	swift build --build-tests
	FUZZ_OPS=$(or $(OPS),20000) FUZZ_SEED=$(SEED) swift test --skip-build --filter 'TrackedInputsTests/.*all night'

differential: ## Dockerfiles by imgwatch and by real engines, compared: SEED=k and N=n for random ones (needs root)
	@scripts/setup build test
	swift build --product imgwatch
	python3 -B Tests/Differential/differential.py .build/debug/imgwatch $(if $(SEED),--random $(SEED) $(or $(N),50))

bench: ## time from save to image, beside what else is installed
	@scripts/setup build test
	$(BUILD_RELEASE)
	swift build -c release --product watchbench --static-swift-stdlib
	@scripts/bench $(IMGWATCH)

clean: ## remove what was built
	rm -rf .build
