/// The commands of a build that nobody follows: what the loop does otherwise, the build does itself.

enum DetachedScript {
    private typealias Variable = Buildspec.Variable
    private static let region = "--region \"${\(Variable.region):-$AWS_REGION}\""

    /// A batch has one source for all of its builds, so each gets its own.
    static let context = """
        if [ -n "$\(Variable.context)" ]; then
          aws s3 cp --no-progress "s3://$\(Variable.context)" context.zip &&
            echo "$\(Variable.contextHash)  context.zip" | sha256sum --check --quiet &&
            python3 -m zipfile -e context.zip . || exit 1
        fi
        """

    /// A reference by a tag becomes one by a digest: of an image that is there, or comes within the time.
    ///
    /// Nothing in docker or CodeBuild waits for a base. Where its build is known and has failed, this one ends at once.
    static let bases = """
        for name in $\(Variable.bases); do
          eval "reference=\\$$name" "build=\\$${name}\(Variable.buildSuffix)"
          case "$reference" in *@sha256:*) continue ;; esac
          repository=${reference#*/}
          repository=${repository%:*}
          waited=0
          until digest=$(aws ecr describe-images \(region) --repository-name "$repository" \\
            --image-ids "imageTag=${reference##*:}" --query 'imageDetails[0].imageDigest' --output text 2>/dev/null) &&
            [ -n "$digest" ]; do
            if [ -n "$build" ]; then
              status=$(aws codebuild batch-get-builds --ids "$build" --query 'builds[0].buildStatus' --output text)
              case "$status" in FAILED | FAULT | STOPPED | TIMED_OUT)
                echo "imgwatch: the base $reference does not come: its build $build is $status"
                exit 3 ;;
              esac
            fi
            if [ "$waited" -ge "${\(Variable.patience):-10}" ]; then
              echo "imgwatch: the base $reference has not come within $waited s"
              exit 3
            fi
            sleep 1
            waited=$((waited + 1))
          done
          export "$name=${reference%:*}@$digest"
        done
        """

    /// The function's tag says when what it shows was begun: what was begun earlier changes nothing.
    ///
    /// The tag is set before the image: whoever comes later and began earlier sees it, or finds another revision.
    static let function = """
        if [ "$CODEBUILD_BUILD_SUCCEEDING" = 1 ] && [ -n "$\(Variable.function)" ]; then
          repository=${\(Variable.image)#*/}
          digest=$(aws ecr describe-images \(region) --repository-name "${repository%:*}" \\
            --image-ids "imageTag=${\(Variable.image)##*:}" --query 'imageDetails[0].imageDigest' --output text)
          for attempt in 1 2 3 4 5; do
            aws lambda get-function --function-name "$\(Variable.function)" --output text --query \\
              '[Configuration.FunctionArn,Configuration.RevisionId,Tags."\(Variable.functionTag)"]' \\
              >function.txt 2>function.err || {
              cat function.err
              grep -q ResourceNotFoundException function.err || exit 4
              echo "imgwatch: the function is made by 'imgwatch up', or by 'imgwatch build --wait'"
              break
            }
            read -r arn revision generation <function.txt
            case "$generation" in *[!0-9]* | "") generation=0 ;; esac
            if [ "$generation" -gt "$\(Variable.generation)" ]; then
              echo "imgwatch: $\(Variable.function) was given a newer image meanwhile"
              break
            fi
            if [ "$generation" != "$\(Variable.generation)" ]; then
              aws lambda tag-resource --resource "$arn" \\
                --tags "\(Variable.functionTag)=$\(Variable.generation)" || exit 4
              continue
            fi
            if aws lambda update-function-code --function-name "$\(Variable.function)" --revision-id "$revision" \\
              --image-uri "${\(Variable.image)%:*}@$digest" --query RevisionId --output text; then
              aws lambda wait function-updated-v2 --function-name "$\(Variable.function)" || exit 4
              echo "imgwatch: $\(Variable.function) shows $digest"
              break
            fi
            sleep 2
          done
        fi
        """
}
